"""What `codekiln validate` prints, and its exit codes: 0 sound, 1 errors, 2 a mistake of the user."""

import json
import shutil

import pytest
from click.testing import CliRunner

from codekiln.cli import main
from codekiln.cli.validate_command import MAX_LENGTH
from codekiln.recipes import publish
from codekiln.training.settings import DpoSettings, SftSettings
from tests import toy_models
from tests.data.test_training_files import BAD, GOOD, TASK, TEXT, write
from tests.recipes.maintainability.making import built_dataset, recipe

COMPLEX = (
    "def f(x):\n    y = 0\n    if x > 3:\n        y = x * 2 - x + 1 - 0\n    else:\n        y = x + 1\n    return y\n"
)


@pytest.fixture
def file(tmp_path):
    return lambda *rows: str(write(tmp_path / "rows.jsonl", rows))


def validate(*words):
    done = CliRunner().invoke(main, ["validate", *words])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done.exit_code, done.stdout


def label_counts(text, metric):
    """Return better, equal, worse, no score and the share that agrees, of a metric's line in the table of labels."""
    (line,) = [line for line in text.split("\n") if line.startswith(f"  {metric} ")]
    return line.split()[1:]


def pair(chosen, rejected, task=TASK):
    return {"prompt": task, "chosen": chosen, "rejected": rejected}


def test_a_sound_file_is_recognised_and_its_labels_are_counted(file):
    path = file(pair(GOOD, COMPLEX), pair(GOOD, BAD, "Write g."), pair("Yes.", "No.", "Is it right?"))
    code, text = validate(path)
    assert code == 0
    assert f"{path}: TRL preference, text, 3 rows" in text
    assert label_counts(text, "structural_maintainability") == ["1", "1", "0", "1", "100%"]
    assert text.endswith("\nsound\n")


def test_labels_that_the_metric_contradicts_are_a_warning(file):
    path = file(pair(COMPLEX, GOOD))
    code, text = validate(path)
    assert (code, "sound, but see the warnings" in text) == (0, True)
    assert "warning: the rejected program is better by the metric than the chosen one: 1 row" in text
    assert f"{path}:1: chosen " in text
    assert validate(path, "--strict")[0] == 1
    # Of lines fewer are better.
    assert label_counts(validate(path, "--metric", "lines")[1], "lines") == ["0", "0", "1", "0", "0%"]


def test_errors_are_named_with_their_number_the_first_places_and_what_to_do(file):
    path = file(*[pair(GOOD, GOOD, f"Write number {number}.") for number in range(9)])
    code, text = validate(path)
    assert code == 1
    assert "error: chosen equals rejected: 9 rows" in text
    assert f"  {path}:5\n  ... and 4 more\n  fix: remove the pairs" in text
    assert text.endswith("not sound\n")


def test_json_says_the_same_to_machines(file):
    path = file(TEXT, pair(COMPLEX, GOOD, "Write g."), "no json")
    code, text = validate(path, "--json")
    said = json.loads(text)
    assert (code, said["sound"], said["form"], said["rows"]) == (1, False, "TRL preference, text", 3)
    by = said["labels"].pop("by")
    assert said["labels"] == {"metric": "structural_maintainability", "equal": 1, "worse": 1}
    assert by["lines"] == by["structural_maintainability"] == {"equal": 1, "worse": 1}
    assert [(item["level"], item["kind"], item["rows"]) for item in said["findings"]] == [
        ("error", "not-json", 1), ("warning", "label", 1),
    ]  # fmt: skip
    assert said["findings"][1]["first"][0]["where"] == f"{path}:2"


def test_rows_of_an_evaluation_set_are_errors(file, tmp_path):
    problem = {"task_id": "mine/1", "prompt": TASK, "entry_point": "f", "tests": ["assert f(1) == 2"]}
    problems = str(write(tmp_path / "problems.jsonl", [problem]))
    code, text = validate(file(TEXT), "--against", problems)
    assert (code, "has the prompt of mine/1" in text) == (1, True)
    assert validate(file(pair(GOOD, BAD, "Write h.")), "--against", problems)[0] == 0


def test_mistakes_of_the_user_exit_with_2(file, tmp_path):
    for words in (
        (file(TEXT), "--metric", "beauty"),
        (file(TEXT), "--metric", "comment_ratio"),
        (file(TEXT), "--against", str(tmp_path / "none.jsonl")),
        (str(tmp_path / "none.jsonl"),),
        (str(tmp_path), "--metric", "lines"),
        (str(tmp_path),),
    ):
        assert validate(*words)[0] == 2, words


def test_folders_are_proven_and_their_json_is_a_list(tmp_path):
    folder = tmp_path / "dataset"
    publish.publish(folder, recipe(), built_dataset())
    assert validate(str(folder)) == (0, "sound\n")
    shutil.copy(folder / "train.jsonl", folder / "more.jsonl")
    code, text = validate(str(folder), "--json")
    assert (code, [item["where"] for item in json.loads(text)]) == (1, [str(folder / "more.jsonl")])
    for name in ("train.jsonl", "preferences.jsonl"):
        assert validate(str(folder / name))[0] == 0


def test_rows_are_measured_in_tokens_of_a_model(file, tmp_path):
    toy_models.tokenizer().save_pretrained(tmp_path / "words")
    path = file(pair(GOOD, COMPLEX), pair(GOOD, "y = 1\n" * 400, "Write g."))
    given = (path, "--tokenizer", str(tmp_path / "words"))
    code, text = validate(*given)
    assert code == 0
    assert "warning: longer than the longest row of the training: 1 row" in text
    assert f"{path}:2; 1 rows have more than 1,024" in text
    measured = json.loads(validate(*given, "--max-length", "9000", "--json")[1])["tokens"]
    assert (measured["max_length"], measured["beyond"], measured["longest"]["where"]) == (9000, 0, f"{path}:2")
    assert validate(path, "--json")[0] == 0
    assert json.loads(validate(path, "--json")[1])["tokens"] is None
    assert validate(path, "--max-length", "9")[0] == 2


def test_the_default_length_is_that_of_the_trainings():
    assert MAX_LENGTH == SftSettings().max_length == DpoSettings().max_length
