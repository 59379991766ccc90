"""Files, recipes, models and evaluations: what causes each message, its exit code and its text."""

import csv
import json
import sys
from types import SimpleNamespace

import pytest
from huggingface_hub.errors import (
    GatedRepoError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from codekiln import models
from codekiln.code.hardening.journal import journal_of, open_journal
from codekiln.data.journals import locked_journal
from codekiln.data.readers.files import rows_of
from codekiln.data.records import Message
from codekiln.data.system_errors import require_text
from codekiln.evaluation.results import comparison_table
from codekiln.evaluation.summary import Evaluation
from codekiln.models import BaseModelSpec, hub_access, quantization
from codekiln.models.adapter_base import trained_on
from codekiln.recipes import problem_sets
from codekiln.recipes import validate as dataset
from codekiln.recipes.corpus_tasks import validate as corpus
from codekiln.recipes.difficulty import summary, tables
from codekiln.recipes.difficulty import validate as difficulty
from codekiln.recipes.difficulty.settings import DifficultySettings
from codekiln.recipes.student import questions
from codekiln.settings.schema import Settings
from codekiln.stages import named_model as naming
from codekiln.stages.named_model import named_model
from tests.messages.causes import caused, ids, raises


def hub_without_package(folder, patch):
    patch.setitem(sys.modules, "datasets", None)
    rows_of("owner/problems")


def hub_that_refuses(folder, patch):
    datasets = SimpleNamespace(load_dataset=raises(ConnectionError("no route")))
    patch.setitem(sys.modules, "datasets", datasets)
    rows_of("owner/problems")


def hub_model(kind, token="hf_x"):
    def ask(folder, patch):
        error = kind.__new__(kind)
        patch.setattr(hub_access, "HfApi", lambda **kwargs: SimpleNamespace(auth_check=raises(error)))
        patch.setattr(hub_access.constants, "HF_HUB_OFFLINE", False)
        patch.setattr(hub_access, "get_token", lambda: token)
        hub_access.check_access(BaseModelSpec(name="lab/m", id="lab/m", revision="v1"))

    return ask


def model_table_with_a_mistake(folder, patch):
    (folder / "mine.toml").write_text('id = "lab/mine"\nlayer = 3\n')
    models._MODELS.read("mine", folder / "mine.toml")


def adapter_without_its_record(folder, patch):
    (folder / "adapter_config.json").write_text('{"revision": "; rm"}')
    trained_on(folder)


def key_for_a_folder(folder, patch):
    with named_model(str(folder), "", "", folder / "key.pub"):
        pass


def model_without_its_version(folder, patch):
    version = SimpleNamespace(aliases=("challenger",), version=1)
    patch.setattr(naming, "find_server", lambda *given: "")
    patch.setattr(naming, "Registry", lambda *given: SimpleNamespace(versions=lambda name: [version]))
    with named_model("kiln", ""):
        pass


def no_bitsandbytes(folder, patch):
    patch.setattr(quantization, "uninstalled", lambda extra: ["bitsandbytes"])
    quantization.require_bitsandbytes()


def corpus_files_in_disorder(folder, patch):
    for name in (corpus.TRAIN, corpus.TEST):
        (folder / name).write_text("[]")
    (folder / corpus.ALL).write_text('[{"category": "docstring"}]')
    raise next(corpus.validate(folder, {}))


def corpus_file_of_no_rows(folder, patch):
    for name in (corpus.TRAIN, corpus.TEST, corpus.ALL):
        (folder / name).write_text("[1]")
    raise next(corpus.validate(folder, {}))


def journal_of_a_folder(folder, patch):
    with locked_journal(folder):
        pass


def folder_that_was_deleted(folder, patch):
    (folder / "gone").mkdir()
    patch.chdir(folder / "gone")
    (folder / "gone").rmdir()
    require_text([])


def number_of_too_many_digits(folder, patch):
    (folder / "a.jsonl").write_text('{"a": 1}\n{"a": ' + "9" * 5000 + "}\n")
    raise dict(rows_of(str(folder / "a.jsonl")))[f"{folder}/a.jsonl:2"]


def table_that_is_no_csv(folder, patch):
    csv.field_size_limit(2**17)  # as in a process that has read no samples
    (folder / "summary.csv").write_text(f"a,b\n{'x' * 200_000},2\n")
    tables.read_table(folder / "summary.csv")


def line_that_is_no_object(folder, patch):
    (folder / "mix.jsonl").write_text("{}\n[1]\n")
    tables.read_lines(folder / "mix.jsonl")


def damaged_journal(folder, patch):
    journal_of(folder / "tests.jsonl").write_text('{"inputs": "a"}\n{"number": 0, "outcome": {}}\n')
    with open_journal(folder / "tests.jsonl", "a"):
        pass


def contender_that_is_not_there(folder, patch):
    comparison_table(Evaluation.model_construct(contenders={"base": {}, "dpo": {}}, comparisons=()), "sft")


def evaluation_of_an_older_version(folder, patch):
    Evaluation.model_construct(design=None).recomputed()


def summary_without_a_mix(folder, patch):
    settings = DifficultySettings()
    (folder / tables.SUMMARY_CSV).write_text(",".join(summary.columns(list(settings.mixes))) + "\n")
    raise next(difficulty.validate(folder, settings))


def source_of_one_problem(folder, patch):
    row = {"task_id": "a", "prompt": "Add.", "entry_point": "add", "tests": ["assert add(1, 2) == 3"]}
    (folder / "one.jsonl").write_text(json.dumps(row) + "\n")
    problem_sets.load(Settings.model_validate({"problems": {"source": str(folder / "one.jsonl")}}))


def questions_in_a_list(folder, patch):
    (folder / "problems.json").write_text("[]")
    questions.read_questions(folder / "problems.json")


def data_set(check, *rows):
    def validate(folder, patch):
        patch.setattr(dataset, "near_evaluation", lambda *given: {2: ("HumanEval/1", 0.97)})
        raise next(check(folder, *rows))

    return validate


PROBLEM = SimpleNamespace(task_id="a")
MANIFEST = SimpleNamespace(rows={"evaluation": 2})
CASES = [
    (
        hub_without_package,
        2,
        "owner/problems: needs what is not installed: datasets\n  fix: pip install 'codekiln[train]'",
    ),
    (
        hub_that_refuses,
        2,
        "owner/problems: cannot be read from the Hub: ConnectionError: no route\n"
        "  fix: check the id, the config after ':', the network, or give a file",
    ),
    (
        hub_model(GatedRepoError),
        2,
        "base_model: the licence of lab/m has not been accepted with this token\n"
        "  fix: accept it on the page of lab/m, then put that account's token into HF_TOKEN",
    ),
    (
        hub_model(GatedRepoError, token=None),
        2,
        "base_model: lab/m asks for an accepted licence, and no token is set\n"
        "  fix: accept it on the page of lab/m, then put that account's token into HF_TOKEN",
    ),
    (hub_model(RevisionNotFoundError), 2, "base_model: lab/m has no revision 'v1'\n  fix: pin a commit that exists"),
    (
        hub_model(RepositoryNotFoundError),
        2,
        "base_model: the Hub has no model lab/m, or HF_TOKEN may not see it\n"
        "  fix: check the name, or put a token that may see it into HF_TOKEN",
    ),
    (
        adapter_without_its_record,
        2,
        "FOLDER/adapter_config.json: does not say the base model and its revision: '; rm' is no revision\n"
        "  fix: restore the adapter's folder",
    ),
    (
        model_table_with_a_mistake,
        2,
        "FOLDER/mine.toml.layer: Extra inputs are not permitted\n  fix: did you mean 'layers'?",
    ),
    (
        key_for_a_folder,
        2,
        "FOLDER: has no record of a promotion that anybody could have signed\n"
        "  fix: give a registered version, as NAME@champion, or leave --public-key out",
    ),
    (
        model_without_its_version,
        2,
        "kiln: is a registered model, not one of its versions\n  fix: did you mean 'kiln@challenger'?",
    ),
    (
        no_bitsandbytes,
        2,
        "lora.quantization: needs the package bitsandbytes\n"
        "  fix: pip install 'codekiln[train]', or set lora.quantization = none",
    ),
    (
        corpus_files_in_disorder,
        2,
        f"FOLDER/{corpus.ALL}: is not {corpus.TRAIN} followed by {corpus.TEST}\n  fix: write it again",
    ),
    (
        corpus_file_of_no_rows,
        2,
        f"FOLDER/{corpus.TRAIN}: is not an array of objects\n  fix: run the filter stage again",
    ),
    (
        table_that_is_no_csv,
        2,
        "FOLDER/summary.csv: cannot be read: field larger than field limit (131072)\n  fix: make the data set again",
    ),
    (line_that_is_no_object, 2, "FOLDER/mix.jsonl:2: is no JSON object\n  fix: make the data set again"),
    (
        damaged_journal,
        2,
        "FOLDER/tests.jsonl: has a damaged journal, line 2\n"
        "  fix: delete FOLDER/tests.jsonl and FOLDER/tests.jsonl.journal to harden again, or give another --output",
    ),
    (
        contender_that_is_not_there,
        2,
        "--against: no contender 'sft' was evaluated\n  fix: choose one of: base, dpo",
    ),
    (
        evaluation_of_an_older_version,
        2,
        "evaluation: an older version of codekiln made it, which did not keep the groups of its problems\n"
        "  fix: run the evaluate stage again",
    ),
    (journal_of_a_folder, 2, "FOLDER: is a folder, where a file is needed\n  fix: give the path of a file"),
    (folder_that_was_deleted, 2, ".: the current folder was deleted\n  fix: change to another folder"),
    (
        number_of_too_many_digits,
        2,
        "FOLDER/a.jsonl:2: not JSON: Exceeds the limit (4300 digits) for integer string conversion: value has 5000 "
        "digits; use sys.set_int_max_str_digits() to increase the limit\n"
        "  fix: correct the line; the file may have been cut short",
    ),
    (
        summary_without_a_mix,
        2,
        f"FOLDER/{tables.SUMMARY_CSV}: has no row for {', '.join(DifficultySettings().mixes)}\n"
        "  fix: make the data set again",
    ),
    (
        source_of_one_problem,
        2,
        "problems.source = FOLDER/one.jsonl: there are no evaluation problems\n"
        "  fix: give a larger source, an evaluation_source, or another evaluation_fraction",
    ),
    (
        questions_in_a_list,
        2,
        "FOLDER/problems.json: is not a JSON object\n  fix: write {question name: {tests ...}}",
    ),
    (
        data_set(dataset._counts_wrong, MANIFEST, {"evaluation": [PROBLEM, PROBLEM]}),
        2,
        f"FOLDER/{dataset.EVALUATION}: the problem a is there 2 times\n  fix: make the data set again",
    ),
    (
        data_set(dataset._shapes, [SimpleNamespace(messages=[Message(role="user", content="Add.")])], []),
        2,
        f"FOLDER/{dataset.TRAIN}:1.messages: the conversation does not end with a question and an answer\n"
        "  fix: correct the recipe",
    ),
    (
        data_set(dataset._shapes, [], [SimpleNamespace(chosen=[], rejected=[])]),
        2,
        f"FOLDER/{dataset.PREFERENCES}:1: chosen and rejected are equal\n  fix: correct the recipe",
    ),
    (
        data_set(dataset._leaks, [], [], [], None),
        2,
        f"FOLDER/{dataset.TRAIN}:3: nearly repeats the evaluation problem HumanEval/1 (0.97)\n"
        "  fix: take one of them out",
    ),
]


@pytest.mark.parametrize(("cause", "code", "text"), CASES, ids=ids(CASES))
def test_a_mistake_is_one_message(cause, code, text, tmp_path, monkeypatch):
    assert caused(cause, tmp_path, monkeypatch) == (code, text)
