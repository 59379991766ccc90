"""Rows of one's own files pass through every stage as they are, or are refused or left out with their reason."""

import json
from pathlib import Path

import pytest

from codekiln import demo
from codekiln.data.folders import Dataset, read_rows
from codekiln.data.records import Example, Labelled, Pair, Problem, Sample
from codekiln.errors import InputErrors
from codekiln.recipes import get
from codekiln.recipes.dataset import source, tasks
from codekiln.recipes.dataset.settings import DatasetSettings
from codekiln.recipes.validate import validate_dataset
from codekiln.settings.resolve import resolve
from codekiln.stages.runner import run_check, run_stage
from tests.running import codekiln

TASK, GOOD, BAD = "Write f(x) that adds one.", "def f(x):\n    return x + 1", "def f(x):\n    return x - 1"


def write(folder: Path, name: str, *rows) -> str:
    (folder / name).write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return str(folder / name)


def settings(*files: str, **more):
    sets = [f"recipes.dataset.files={json.dumps(files)}", "problems.evaluation=30"]
    return resolve("laptop", {"recipe": "dataset"}, sets + [f"{key}={value}" for key, value in more.items()])


def recipe(*files: str, **more):
    return get("dataset")(DatasetSettings(files=files, **more), metric="pass@1", seed=0)


def made(tmp_path, *files: str, **more):
    """Return the rows of the files after all that happens to them, and what check left out by reason."""
    known = recipe(*files, **more)
    train, rejected = tasks.problems_of(source.read(files), demo.problems("eval", count=30))
    samples = [row for _, found in known.generate(train, None) for row in found]
    graded = known.grade(train, samples, workers=1, limits=None, label="") if samples else []
    return known.rows(train, graded), {item.row.task_id: item.reason for item in rejected}


def test_every_form_becomes_the_rows_that_it_says(tmp_path):
    files = (
        write(tmp_path, "sft.jsonl", {"instruction": TASK, "input": "", "output": GOOD}),
        write(tmp_path, "pairs.jsonl", {"prompt": "Write g(x).", "chosen": GOOD, "rejected": BAD}),
        write(
            tmp_path,
            "kto.jsonl",
            {"prompt": "Write h(x).", "completion": GOOD, "label": True},
            {"instruction": "Write k(x).", "output": BAD, "kto_tag": False},
        ),
    )
    rows, rejected = made(tmp_path, *files)
    assert rejected == {}
    assert [row.task_id for row in rows.examples] == ["sft.jsonl:1", "pairs.jsonl:1", "kto.jsonl:1"]
    assert rows.examples[0].prompt[0].content == TASK
    assert rows.examples[0].completion[0].content == GOOD
    (pair,) = rows.pairs
    assert (pair.chosen[0].content, pair.rejected[0].content) == (GOOD, BAD)
    assert [(row.task_id, row.label) for row in rows.labelled] == [("kto.jsonl:1", True), ("kto.jsonl:2", False)]
    alone, _ = made(tmp_path, *files, sft_on_chosen=False)
    assert [row.task_id for row in alone.examples] == ["sft.jsonl:1"]


def test_a_conversation_keeps_its_turns_and_the_words_of_a_reply(tmp_path):
    turns = [("system", "Be brief."), ("user", "Hello"), ("assistant", "Hello."), ("user", TASK)]
    reply = f"Here it is:\n```python\n{GOOD}\n```\nDone."
    row = {"messages": [{"role": role, "content": text} for role, text in [*turns, ("assistant", reply)]]}
    rows, _ = made(tmp_path, write(tmp_path, "chat.jsonl", row))
    assert [(turn.role, turn.content) for turn in rows.examples[0].prompt] == turns
    assert rows.examples[0].completion[0].content == reply


def test_rows_that_break_their_form_are_all_named_by_file_and_line(tmp_path):
    files = (
        write(tmp_path, "a.jsonl", {"prompt": TASK, "completion": GOOD}, "{", {"prompt": TASK}),
        write(
            tmp_path, "b.jsonl", {"prompt": TASK, "completion": " "}, {"prompt": TASK, "completion": GOOD, "label": 1}
        ),
        str(tmp_path / "missing.jsonl"),
    )
    with pytest.raises(InputErrors) as caught:
        source.read(files)
    places = [error.where.removeprefix(f"{tmp_path}/") for error in caught.value.errors]
    assert places == ["a.jsonl:2", "a.jsonl:3", "b.jsonl:1", "b.jsonl:2", "missing.jsonl"]
    assert all(error.fix for error in caught.value.errors)


def test_rows_that_teach_nothing_or_the_evaluation_are_left_out_with_their_reason(tmp_path):
    problem = demo.problems("eval", count=30)[3]
    tool = [{"role": "user", "content": "Sum"}, {"role": "assistant", "tool_calls": [{"id": "1"}]}]
    file = write(
        tmp_path,
        "rows.jsonl",
        {"prompt": TASK, "completion": GOOD},
        {"prompt": TASK, "completion": GOOD},
        {"prompt": "Write t(x).", "chosen": GOOD, "rejected": GOOD},
        {"prompt": "Write r(x).", "chosen": GOOD, "rejected": BAD},
        {"prompt": "Write r(x).", "chosen": BAD, "rejected": GOOD},
        {"prompt": "Write l(x).", "completion": GOOD, "label": True},
        {"prompt": "Write l(x).", "completion": GOOD, "label": False},
        {"prompt": problem.prompt, "completion": "pass"},
        {"prompt": f"Please help me. {problem.prompt} Thank you.", "completion": "pass"},
        {"prompt": "Write u(x).", "chosen": "u = 1", "rejected": problem.reference},
        {"messages": [*tool, {"role": "tool", "content": "3"}, {"role": "assistant", "content": "It is 3."}]},
    )
    rows, rejected = made(tmp_path, file)
    assert rejected == {
        "rows.jsonl:2": "twin",
        "rows.jsonl:3": "tie",
        "rows.jsonl:4": "contradicted",
        "rows.jsonl:5": "contradicted",
        "rows.jsonl:6": "contradicted",
        "rows.jsonl:7": "contradicted",
        "rows.jsonl:8": "contaminated",
        "rows.jsonl:9": "quotes",
        "rows.jsonl:10": "contaminated",
        "rows.jsonl:11": "tools",
    }
    assert [row.task_id for row in rows.examples] == ["rows.jsonl:1"]


def test_files_that_are_called_alike_keep_their_folders(tmp_path):
    files = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        files.append(write(tmp_path / name, "x.jsonl", {"prompt": f"Write {name}(x).", "completion": GOOD}))
    rows, _ = made(tmp_path, *files)
    assert [row.task_id for row in rows.examples] == [f"{file}:1" for file in files]


def test_a_models_reply_to_a_row_is_not_judged(tmp_path):
    known = recipe(write(tmp_path, "rows.jsonl", {"prompt": TASK, "chosen": GOOD, "rejected": BAD}))
    train, _ = tasks.problems_of(source.read(known.settings.files), [])
    reply = Sample(task_id=train[0].task_id, solution="def f(x): ...", model="tiny", seed=0)
    graded = known.grade(train, [reply], workers=1, limits=None, label="")
    assert not graded[0].verdict.passed
    rows = known.rows(train, graded)
    assert (rows.examples, rows.pairs, [item.reason for item in rows.rejected]) == ([], [], ["no-tests"])


def test_rows_of_one_prompt_are_held_out_together(tmp_path):
    file = write(
        tmp_path,
        "rows.jsonl",
        {"prompt": "Write f(x)!", "completion": GOOD},
        {"prompt": "write f(x)", "completion": BAD},
    )
    rows, _ = made(tmp_path, file)
    assert len({row.group for row in rows.examples}) == 1


@pytest.fixture
def mixed(tmp_path):
    problems = demo.problems("train", count=24)
    rows = [
        {"prompt": row.prompt, "chosen": row.reference, "rejected": f"{row.reference}\nx = 1"} for row in problems[:12]
    ]
    rows += [{"prompt": row.prompt, "completion": row.reference} for row in problems[12:]]
    return write(tmp_path, "mixed.jsonl", *rows)


def test_the_stages_write_the_rows_and_a_data_set_and_need_the_file_only_in_check(mixed, tmp_path):
    run_check(settings(mixed), tmp_path / "check")
    Path(mixed).unlink()
    run_stage("generate", tmp_path / "check", {}, tmp_path / "generate")
    run_stage("filter", tmp_path / "check", {"samples": tmp_path / "generate"}, tmp_path / "filter")
    counts = {name: len(Dataset(tmp_path / "filter" / name, record).rows()) for name, record in ROWS.items()}
    assert counts == {"examples": 24, "pairs": 12, "labelled": 36}
    assert list(validate_dataset(tmp_path / "filter" / "dataset")) == []
    assert "mixed.jsonl" in (tmp_path / "filter" / "dataset" / "README.md").read_text()
    assert len(Dataset(tmp_path / "check" / "evaluation_problems", Problem).rows()) == 30


ROWS = {"examples": Example, "pairs": Pair, "labelled": Labelled}


def test_check_reports_a_broken_row_beside_everything_else(tmp_path):
    file = write(tmp_path, "rows.jsonl", {"prompt": TASK, "completion": GOOD}, {"prompt": TASK, "chosen": GOOD})
    with pytest.raises(InputErrors) as caught:
        run_check(settings(file, pool="h200"), tmp_path / "check")
    assert f"{file}:2" in str(caught.value)
    assert "CODEKILN_CLUSTER is not set" in str(caught.value)


def test_check_says_how_many_rows_are_left_out_and_why(tmp_path, capsys):
    row = {"prompt": TASK, "completion": GOOD}
    run_check(settings(write(tmp_path, "rows.jsonl", row, row, row, {**row, "prompt": "Other"})), tmp_path / "check")
    assert "; left out: 2 twin; left: 2 training, 30 evaluation problems\n" in capsys.readouterr().out


def test_check_refuses_a_pipeline_whose_rounds_could_not_grade(tmp_path, monkeypatch):
    file = write(tmp_path, "rows.jsonl", {"prompt": TASK, "chosen": GOOD, "rejected": BAD})
    monkeypatch.setenv("CODEKILN_PIPELINE", "align")
    with pytest.raises(InputErrors, match="recipe dataset: its rows have no tests") as caught:
        run_check(settings(file, pool="none"), tmp_path / "check")
    assert "pipeline prefer" in str(caught.value)
    assert get("maintainability").has_rounds


@pytest.mark.slow
def test_own_rows_run_whole_from_files_to_a_verdict(mixed, tmp_path):
    sets = [
        f"recipes.dataset.files={json.dumps([mixed])}", "problems.evaluation=30", "evaluate.n=2", "evaluation.k=[1]",
        'dpo.loss=["kto"]', "dpo.loss_weights=[]", "lora.quantization=nf4",
    ]  # fmt: skip
    done = codekiln("run", "prefer", "--recipe", "dataset", "--workdir", str(tmp_path / "run"), settings=sets)
    assert done.returncode in (0, 4), done.stderr  # the gate may say no
    assert "promoted: " in done.stdout
    record = json.loads((tmp_path / "run" / "dpo" / "codekiln.json").read_text())
    assert record["quantization"] == "nf4"
    assert record["reference"] == "previous"
    assert read_rows(tmp_path / "run" / "filter" / "pairs" / "data.jsonl", Pair)
