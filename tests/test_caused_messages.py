"""Mistakes that no test of a module makes, each with the whole message: text, place, what to do, exit code.

The first table gives words to the command line, the second calls what a command or a stage would call.
"""

import fcntl
import itertools
import json
import sys
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

from codekiln import models
from codekiln.cli import local_runner, main
from codekiln.code.hardening.journal import journal_of, open_journal
from codekiln.data.readers.files import rows_of
from codekiln.data.records import Message
from codekiln.errors import CodekilnError, InputError
from codekiln.evaluation.results import comparison_table
from codekiln.evaluation.summary import Evaluation
from codekiln.launch import readiness, verified_records
from codekiln.launch.job import Job
from codekiln.models import BaseModelSpec, hub_access, quantization
from codekiln.models.adapter_base import trained_on
from codekiln.recipes import problem_sets
from codekiln.recipes import validate as dataset
from codekiln.recipes.corpus_tasks import validate as corpus
from codekiln.recipes.difficulty import summary, tables
from codekiln.recipes.difficulty import validate as difficulty
from codekiln.recipes.difficulty.settings import DifficultySettings
from codekiln.recipes.student import course
from codekiln.registry import Registry
from codekiln.registry.kubeflow import KubeflowClient
from codekiln.registry.kubeflow_connection import Connection
from codekiln.registry.mirror import Mirror
from codekiln.settings.schema import Settings
from codekiln.training.deepspeed_config import init_distributed
from tests.registry.memory_mlflow import memory_registry

TRACKING = "give --tracking-uri, for example sqlite:///runs/demo/mlflow.db, or set MLFLOW_TRACKING_URI"
PROMPT = 'give a prompt, "-" for standard input, or --problems FILE'
EXERCISE = "exercise --program f.py --description double"
# What is typed in a folder with the files below, what is wrong where, and what to do; all exit with 2.
TYPED = [
    ("run allign --workdir w", "PIPELINE: no pipeline 'allign'", "did you mean 'align'?"),
    ("run gone.yaml --workdir w", "gone.yaml: no such file", "give a compiled pipeline"),
    ("run align --workdir w --set x", "--set: 'x' is not key=value", "for example --set dpo.learning_rate=1e-4"),
    ("run judge --workdir w", "judge: the pipeline needs --adapter", "give --adapter; see `codekiln run --help`"),
    ("plan", "plan: give one of --pool and --gpu", "without a cluster: --gpu H100:1, 24GiB:2"),
    (f"{EXERCISE} --markdown --json", "--markdown and --json: are two forms", "give one of them"),
    (EXERCISE, "counts: all counts are 0", "ask for at least one error: --syntax 1, --runtime 1 or --logical 1"),
    ("export m@champion", "export: no place to export to is given", "give --to DIR"),
    (
        "export m@champion --to x --public",
        "export: --yes and --public are for --push-to",
        "give --push-to OWNER/NAME, or leave --yes and --public out",
    ),
    ("generate -", "standard input: is not UTF-8 text: invalid start byte", "give text"),
    ("generate", "generate: nothing to ask", PROMPT),
    ("generate add --problems p.jsonl", "generate: both a prompt and problems", PROMPT),
    (
        "ledger empty",
        "empty: has no ledger.jsonl",
        "give the working directory of a run that has been judged, or models:/NAME",
    ),
    (
        "score binary.py",
        "binary.py: is not text: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
        "give a Python program in UTF-8",
    ),
    ("validate rows.jsonl --max-length 50", "--max-length: is in tokens", "add --tokenizer MODEL"),
    ("validate empty --metric lines", "--metric: is for a file", "give a file, or leave it out"),
    ("verify m@champion --run empty", "--run empty: is no run's folder", "give the --workdir of `codekiln run`"),
    ("verify m@champion", "--tracking-uri: no MLflow server is known", TRACKING),
    (
        "stage sft --input x --run empty --output o",
        "--input: 'x' is not NAME=DIR",
        "for example --input data=runs/demo/filter",
    ),
    ("compare empty --base x", "empty: no evaluation: it has no evaluation.json", "give an evaluate stage's folder"),
    ("recipes student1", "recipe: no recipe 'student1'", "did you mean 'student'?"),
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "binary.py").write_bytes(b"\xff\xfe\x00x")
    (tmp_path / "f.py").write_text("print(2 * int(input()))\n")
    (tmp_path / "rows.jsonl").write_text('{"prompt": "a", "completion": "b"}\n')
    (tmp_path / "empty").mkdir()
    return tmp_path


@pytest.mark.parametrize(("words", "what", "fix"), TYPED, ids=[words for words, *_ in TYPED])
def test_a_mistake_on_the_command_line_is_one_message(words, what, fix, folder):
    done = CliRunner().invoke(main, words.split(), input=b"\xff", prog_name="codekiln")
    assert done.stderr == f"error: {what}\n  fix: {fix}\n"
    assert (done.exit_code, done.stdout) == (2, "")


def raises(error):
    def call(*args, **kwargs):
        raise error

    return call


def hub_without_package(folder, patch):
    patch.setitem(sys.modules, "datasets", None)
    rows_of("owner/problems")


def hub_that_refuses(folder, patch):
    datasets = SimpleNamespace(load_dataset=raises(ConnectionError("no route")))
    patch.setitem(sys.modules, "datasets", datasets)
    rows_of("owner/problems")


def hub_model(kind):
    def ask(folder, patch):
        error = kind.__new__(kind)
        patch.setattr(hub_access, "HfApi", lambda **kwargs: SimpleNamespace(auth_check=raises(error)))
        patch.setattr(hub_access.constants, "HF_HUB_OFFLINE", False)
        hub_access.check_access(BaseModelSpec(name="lab/m", id="lab/m", revision="v1"))

    return ask


def model_table_with_a_mistake(folder, patch):
    (folder / "mine.toml").write_text('id = "lab/mine"\nlayer = 3\n')
    models._MODELS.read("mine", folder / "mine.toml")


def adapter_without_its_record(folder, patch):
    (folder / "adapter_config.json").write_text('{"revision": "; rm"}')
    trained_on(folder)


def no_bitsandbytes(folder, patch):
    patch.setattr(quantization, "find_spec", lambda name: None)
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


def table_that_is_no_csv(folder, patch):
    (folder / "summary.csv").write_text(f"a,b\n{'x' * 200_000},2\n")
    tables.read_table(folder / "summary.csv")


def line_that_is_no_object(folder, patch):
    (folder / "mix.jsonl").write_text("{}\n[1]\n")
    tables.read_lines(folder / "mix.jsonl")


def run_beside_another(folder, patch):
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with local_runner._locked(folder):
            pass


def run_beside_a_step(folder, patch):
    patch.setattr(local_runner, "GRACE_SECONDS", 0)
    with open(folder / local_runner.STEPS_LOCK, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with local_runner._locked(folder):
            pass


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
    course.read_questions(folder / "problems.json")


def data_set(check, *rows):
    def validate(folder, patch):
        patch.setattr(dataset, "near_evaluation", lambda *given: {2: ("HumanEval/1", 0.97)})
        raise next(check(folder, *rows))

    return validate


def address_of_nothing(folder, patch):
    KubeflowClient(Connection(uri="http://[::1")).model("m")


def aliases_that_never_rest(folder, patch):
    patch.setattr(Mirror, "_wanted", lambda *given: None)
    patch.setattr(Mirror, "_write", lambda *given: None)
    numbers = itertools.count()
    patch.setattr(Mirror, "_aliases", lambda *given: next(numbers))
    registry = SimpleNamespace(uri="sqlite://", model_tags=lambda name: {}, tag_model=lambda *given: None)
    Mirror(registry, Connection(uri="http://registry")).follow("m")


def champion_without_a_past(folder, patch):
    registry = memory_registry()
    registry._create("m")
    version = registry.client.create_model_version("m", "s3://bucket/a", "run", tags={"adapter_digest": "d"})
    found = {"champion": registry._get("m", version.version)}
    patch.setattr(Registry, "_by_alias", lambda self, name, alias: found.get(alias))
    registry.rollback("m")


def job_that_is_not_there(folder, patch):
    Job.read(folder / "job.json")


def process_without_torchrun(folder, patch):
    patch.delenv("RANK", raising=False)
    init_distributed("zero3")


def no_registry_of_kubeflow(folder, patch):
    patch.delenv("CODEKILN_KUBEFLOW_REGISTRY", raising=False)
    readiness._probe_kubeflow_registry()


def cluster_that_is_silent(folder, patch):
    from codekiln.launch.cluster import api

    patch.setattr(api, "ClusterApi", raises(api.ApiUnavailable("no answer")))
    verified_records.publish("kiln", "f" * 64, "m/1")


PROBLEM = SimpleNamespace(task_id="a")
MANIFEST = SimpleNamespace(rows={"evaluation": 2})
# What causes it, the exit code, and the message, in which FOLDER stands for the folder of the test.
CALLED = [
    (
        hub_without_package,
        2,
        "owner/problems: reading from the Hub needs the package datasets\n  fix: pip install 'codekiln[train]'",
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
        "  fix: delete FOLDER/tests.jsonl and FOLDER/tests.jsonl.journal to harden again, or give another --out",
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
    (
        address_of_nothing,
        1,
        "Kubeflow's Model Registry at http://[::1: Invalid port: ':1'\n  fix: correct kubeflow_registry.uri",
    ),
    (aliases_that_never_rest, 1, "the aliases of 'm' in MLflow change all the time\n  fix: repeat this step"),
    (
        champion_without_a_past,
        1,
        "the version that 'm' version 1 replaced is not recorded\n"
        "  fix: point the alias 'champion' at the version you want in MLflow",
    ),
    (job_that_is_not_there, 2, "FOLDER/job.json: no such file\n  fix: give a job written by codekiln"),
    (
        process_without_torchrun,
        2,
        "strategy: strategy zero3 needs processes that torchrun started\n"
        "  fix: start the job with python -m codekiln.launch.worker, or use strategy = ddp",
    ),
    (
        no_registry_of_kubeflow,
        2,
        "$CODEKILN_KUBEFLOW_REGISTRY: names no registry\n  fix: set kubeflowRegistry.uri in the chart's values",
    ),
    (
        cluster_that_is_silent,
        1,
        "ConfigMap codekiln-verified-records in namespace kiln: no answer\n  fix: give the same command again",
    ),
    (
        run_beside_another,
        2,
        "FOLDER: another run is at work in this folder\n  fix: wait for it, or give another --workdir",
    ),
    (
        run_beside_a_step,
        2,
        "FOLDER: a step of an earlier run is at work\n  fix: end it, or give another --workdir",
    ),
]


@pytest.mark.parametrize(("cause", "code", "text"), CALLED, ids=[text.partition("\n")[0] for _, _, text in CALLED])
def test_a_mistake_is_one_message(cause, code, text, tmp_path, monkeypatch):
    with pytest.raises(CodekilnError) as caught:
        cause(tmp_path, monkeypatch)
    assert str(caught.value).replace(str(tmp_path), "FOLDER") == text
    assert code == (2 if isinstance(caught.value, InputError) else 1)
