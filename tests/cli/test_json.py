"""What `--json` prints is JSON alone, with the keys that docs/command-line.md promises."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from codekiln.cli import main, run_summary
from codekiln.data.folders import write_dataset
from codekiln.data.records import Pair
from codekiln.evaluation.ledger import Decision, LedgerFile
from codekiln.stages import runner
from codekiln.stages.base import StageManifest, Summary
from tests.docs.markdown import ROOT

PROMISED = re.findall(
    r"^\| (`.+?) \| (.+) \|$", (ROOT / "docs" / "command-line.md").read_text().partition("## JSON")[2], re.MULTILINE
)
WITHOUT = {"serve", "completion", "help"}
ROWS = [{"prompt": [{"role": "user", "content": "Add."}], "completion": [{"role": "assistant", "content": "x = 1"}]}]
PROBLEM = {"task_id": "1", "prompt": "", "entry_point": "f", "tests": ["assert f(1) == 2"]}
PROBLEM["reference"] = solution = "def f(x):\n    return x + 1\n"


def promised(command: str, kind: str = "") -> set[str]:
    """Return the keys that the page names for a command, without those of parts."""
    (said,) = [keys for names, keys in PROMISED if f"`{command}`" in names and kind in names]
    return set(re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)|; .*", "", said)))


def test_the_page_has_every_command_that_takes_the_option():
    taken = {name for name, command in main.commands.items() if any("--json" in each.opts for each in command.params)}
    assert {name for names, _ in PROMISED for name in re.findall(r"`(\w+)`", names)} == taken
    assert set(main.commands) - taken == WITHOUT


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("json")
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    (folder / "problems.jsonl").write_text(json.dumps(PROBLEM))
    (folder / "samples.jsonl").write_text(json.dumps({"task_id": "1", "solution": solution}))
    (folder / "sum.py").write_text("n = 3\nprint(sum(range(n)))\n")
    write_dataset(folder / "pairs", [], Pair)
    LedgerFile(folder / "ledger.jsonl").add(Decision(model="tiny", set="1" * 64, target="lines", adapter="f" * 64))
    return folder


OBJECTS = [
    ("grade", "--problems", "problems.jsonl", "--samples", "samples.jsonl", "-o", "graded.jsonl"),
    ("harden", "--problems", "problems.jsonl", "-o", "hardened.jsonl", "--mutants", "2", "--inputs", "5"),
    ("validate", "rows.jsonl"),
    ("exercise", "--program", "sum.py", "--description", "Add", "--syntax", "1"),
]
LISTS = [("ledger", "."), ("models",)]  # tests/cli/test_generate.py has the model that generate needs
BY_NAME = [("plan", "--profile", "gemma3-12b", "--gpu", "H100"), ("profiles",), ("metrics",)]


def printed(folder: Path, monkeypatch, words):
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(main, [*words, "--json"])
    assert done.exit_code in (0, 1), done.output
    return json.loads(done.stdout)


@pytest.mark.parametrize("words", [*OBJECTS, *LISTS, *BY_NAME], ids=lambda words: words[0])
def test_standard_output_is_what_the_page_says(words, folder, monkeypatch):
    found = printed(folder, monkeypatch, words)
    keys = promised(words[0], "(a file)" if words[0] == "validate" else "")
    assert keys
    for item in found if words in LISTS else list(found.values()) if words in BY_NAME else [found]:
        assert keys <= set(item)


def test_score_and_schemas_are_by_name(folder, monkeypatch):
    assert printed(folder, monkeypatch, ("score", "sum.py"))["lines"] == 2
    for command in ("recipes", "filters", "teachers"):
        assert all(schema["type"] == "object" for schema in printed(folder, monkeypatch, (command,)).values())


def test_check_prints_progress_on_standard_error(tmp_path, uri):
    settings = ("problems.train=4", "problems.evaluation=4")
    sets = [word for setting in settings for word in ("--set", setting)]
    words = ["check", "--data-only", "--recipe", "maintainability", "--base-model", "tiny", "--metric", "lines", *sets]
    done = CliRunner().invoke(main, [*words, "--workdir", str(tmp_path), "--tracking-uri", uri, "--json"])
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) == promised("check")
    assert found["figures"]["train"] == 4
    assert "check: base model: tiny" in done.stderr
    resolved = json.loads((tmp_path / "check" / "settings.json").read_text())
    assert (resolved["metric"], resolved["tracking_uri"]) == ("lines", uri)


def test_a_mistake_leaves_standard_output_empty(tmp_path):
    for words in (("check", "--set", "sft.epoch=1"), ("plan", "--gpu", "H1"), ("models", "tinny")):
        done = CliRunner().invoke(main, [*words, "--json"])
        assert (done.exit_code, done.stdout) == (2, "")
        assert "fix: did you mean" in done.stderr or "fix:" in done.stderr


def test_a_run_says_what_it_made(tmp_path):
    write_dataset(tmp_path / "filter" / "pairs", [], Pair)
    found = json.loads(run_summary.in_json(tmp_path))
    assert set(found) == promised("run")
    assert (found["promoted"], found["results"], found["report"]) == (None, None, None)
    [data] = found["data"]
    assert (data["record"], data["rows"], data["rejected"]) == ("Pair", 0, {})
    (tmp_path / "promote").mkdir()
    (tmp_path / "promote" / "manifest.json").touch()
    (tmp_path / "results.json").write_text('{"gate": {"promoted": true}}')
    found = json.loads(run_summary.in_json(tmp_path))
    assert (found["promoted"], found["data"]) == (True, [])
    assert found["report"] == str(tmp_path / "report.html")


def test_a_stage_takes_the_folder_of_the_run_and_says_what_it_did(tmp_path, monkeypatch):
    asked = []
    manifest = StageManifest.model_construct(step="filter", summary=Summary(figures={"kept": 3}), seconds=1)

    def run_stage(name, run, *rest):
        asked.append((name, run))
        print("filter: 3/3 samples")
        return manifest, False

    monkeypatch.setattr(runner, "run_stage", run_stage)
    (tmp_path / "check").mkdir()
    for folder in (tmp_path, tmp_path / "check"):
        words = ["stage", "filter", "--run", str(folder), "-o", "out", "--json"]
        done = CliRunner().invoke(main, words)
        found = json.loads(done.stdout)
        assert set(found) == promised("stage")
        assert (found["done_already"], found["summary"]["figures"]) == (False, {"kept": 3})
        assert done.stderr == "filter: 3/3 samples\n"
    assert asked == [("filter", tmp_path / "check")] * 2
