"""Whole runs of hardening: what is measured, what is added, and what stays as it is."""

import ast
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from codekiln.cli import main
from codekiln.code.hardening import Options, files, harden_file
from codekiln.code.hardening.engine import Hardener
from codekiln.code.hardening.mutants import mutants_of
from codekiln.data.readers import read_problems
from codekiln.data.records import Problem, Sample
from codekiln.errors import InputError
from codekiln.sandbox.grading import grade_files

DOUBLE = Problem(
    task_id="Own/double",
    prompt="Double n where it is above 3.",
    entry_point="f",
    tests=("assert f(1) == 1", "assert f(5) == 10"),
    reference="def f(n):\n    return n * 2 if n > 3 else n\n",
)
FIRST = Problem(
    task_id="Own/first",
    prompt="The first item, plus one where it is above 2.",
    entry_point="f",
    tests=("assert f([1, 2]) == 1", "assert f([5, 2, 3]) == 6"),
    reference="def f(xs):\n    first = xs[0]\n    return first + 1 if first > 2 else first\n",
)
COUNTING = DOUBLE.model_copy(
    update={
        "task_id": "Own/counting",
        "reference": "seen = []\ndef f(n):\n    seen.append(n)\n    return n * 2 if n > 3 else n + (len(seen) > 4)\n",
    }
)
ORPHAN = DOUBLE.model_copy(update={"task_id": "Own/orphan", "reference": None})
WRONG = DOUBLE.model_copy(update={"task_id": "Own/wrong", "reference": "def f(n):\n    return n\n"})
LOOSE = DOUBLE.model_copy(update={"task_id": "Own/loose", "tests": ("assert f(1) in (0, 1)", "assert f(5) in (9, 10)")})
NORMAL, FAR = Options(), Options(strangeness=99)


def write(path: Path, *problems: Problem) -> str:
    path.write_text("".join(f"{row.model_dump_json(exclude_defaults=True)}\n" for row in problems))
    return str(path)


def hardened(tmp_path: Path, *problems: Problem, options: Options = NORMAL, workers: int = 1):
    """Return the summary and the hardened problems, by their ids."""
    out = tmp_path / "hardened.jsonl"
    summary = harden_file(write(tmp_path / "problems.jsonl", *problems), out, options, workers)
    return summary, {row.task_id: row for row in read_problems(str(out))}


def holds(program: str, test: str) -> bool:
    """Return whether a test holds in this interpreter."""
    names: dict[str, object] = {}
    exec(program, names)
    try:
        exec(test, names)
    except AssertionError:
        return False
    return True


def added(row: Problem, before: Problem) -> tuple[str, ...]:
    assert row.tests[: len(before.tests)] == before.tests
    return row.tests[len(before.tests) :]


def test_the_kill_rate_is_that_of_a_plain_interpreter_and_survivors_are_killed(tmp_path):
    summary, rows = hardened(tmp_path, DOUBLE)
    mutants = mutants_of(DOUBLE.reference, 30, "0:Own/double")
    survivors = [text for text in mutants if all(holds(text, test) for test in DOUBLE.tests)]
    (outcome,) = summary["outcomes"]
    assert (outcome["mutants"], outcome["killed"]) == (len(mutants), len(mutants) - len(survivors))
    assert any("n >= 3" in text for text in survivors)
    left = [text for text in survivors if all(holds(text, test) for test in rows["Own/double"].tests)]
    assert outcome["killed_after"] == len(mutants) - len(left)
    assert not [text for text in left if "n >= 3" in text]
    assert "assert f(3) == 3" in rows["Own/double"].tests


def test_figures_are_of_all_problems_with_mutants(tmp_path):
    summary, _ = hardened(tmp_path, DOUBLE, FIRST, ORPHAN)
    double, first, _ = summary["outcomes"]
    rates = [item["killed_after"] / item["mutants"] for item in (double, first)]
    assert summary["kill_rate"]["after"] == pytest.approx(sum(rates) / 2, abs=1e-4)
    assert summary["kill_rate"]["before"] < summary["kill_rate"]["after"]
    assert (summary["problems"], summary["measured"], summary["problems_changed"]) == (3, 2, 2)
    assert summary["tests_added"] == len(double["added"]) + len(first["added"])


def test_the_reference_raises_on_no_added_input_and_passes_all_tests(tmp_path):
    _, rows = hardened(tmp_path, FIRST, options=FAR)
    tests = added(rows["Own/first"], FIRST)
    assert tests
    for test in tests:
        assert holds(FIRST.reference, test)
        assert "f([])" not in test


def test_a_reference_that_remembers_gives_no_test_that_depends_on_it(tmp_path):
    _, rows = hardened(tmp_path, COUNTING)
    tests = added(rows["Own/counting"], COUNTING)
    assert tests
    assert all(holds(COUNTING.reference, test) for test in tests)


def test_problems_that_cannot_be_hardened_pass_through_and_are_named(tmp_path):
    summary, rows = hardened(tmp_path, ORPHAN, WRONG, DOUBLE, LOOSE)
    assert [rows[each.task_id] for each in (ORPHAN, WRONG, LOOSE)] == [ORPHAN, WRONG, LOOSE]
    assert summary["unchanged"] == {"has no reference": ["Own/orphan"], "its reference fails its tests": ["Own/wrong"]}
    loose = summary["outcomes"][3]
    assert "several results may be right" in loose["reason"]
    assert 0 < loose["killed"] == loose["killed_after"] < loose["mutants"]


def test_no_more_tests_are_added_than_allowed(tmp_path):
    summary, rows = hardened(tmp_path, DOUBLE, options=Options(max_tests=1))
    assert len(rows["Own/double"].tests) == 3
    assert summary["tests_added"] == 1


def test_an_added_input_is_as_close_as_asked_for(tmp_path):
    summary, _ = hardened(tmp_path, DOUBLE, FIRST, options=Options(strangeness=0))
    assert {value for item in summary["outcomes"] for value in item["strangeness"]} == {0}


def test_workers_change_nothing_and_another_seed_may(tmp_path):
    many = [DOUBLE.model_copy(update={"task_id": f"Own/{number}"}) for number in range(5)]
    source = write(tmp_path / "problems.jsonl", *many, FIRST, ORPHAN)
    texts = []
    for workers in (1, 2):
        out = tmp_path / f"{workers}.jsonl"
        harden_file(source, out, Options(), workers)
        texts.append((out.read_bytes(), json.loads((tmp_path / f"{workers}.jsonl.journal").read_text().split("\n")[0])))
    assert texts[0] == texts[1]
    assert mutants_of(FIRST.reference, 3, "0") != mutants_of(FIRST.reference, 3, "1")


def test_a_cut_journal_goes_on_where_it_ended(tmp_path, monkeypatch):
    source = write(tmp_path / "problems.jsonl", DOUBLE, FIRST, ORPHAN)
    out, journal = tmp_path / "out.jsonl", tmp_path / "out.jsonl.journal"
    first = harden_file(source, out, Options(), 1)
    whole, lines = out.read_bytes(), journal.read_bytes().splitlines(keepends=True)
    out.unlink()
    journal.write_bytes(lines[0] + lines[1] + lines[2][:-7])
    asked = []
    real = Hardener.harden
    monkeypatch.setattr(Hardener, "harden", lambda self, rows: asked.extend(rows) or real(self, rows))
    again = harden_file(source, out, Options(), 1)
    assert [row.task_id for row in asked] == ["Own/first", "Own/orphan"]
    assert out.read_bytes() == whole
    assert again["outcomes"] == first["outcomes"]


def test_a_killed_run_goes_on_and_gives_the_same_file(tmp_path):
    many = [DOUBLE.model_copy(update={"task_id": f"Own/{number}"}) for number in range(files._BLOCK + 8)]
    source = write(tmp_path / "problems.jsonl", *many)
    out, journal = tmp_path / "out.jsonl", tmp_path / "out.jsonl.journal"
    words = ["harden", "--problems", source, "--out", str(out), "--workers", "1", "--mutants", "8"]
    child = subprocess.Popen([sys.executable, "-m", "codekiln", *words], start_new_session=True,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    while child.poll() is None and (not journal.exists() or journal.read_bytes().count(b"\n") < 3):
        time.sleep(0.01)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL, "it was done before"
    assert not out.exists()
    kept = journal.read_bytes().rpartition(b"\n")[0]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    assert journal.read_bytes().startswith(kept)
    harden_file(source, tmp_path / "whole.jsonl", Options(mutants=8), 2)
    assert out.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_files_of_others_are_not_overwritten(tmp_path, monkeypatch):
    source = write(tmp_path / "problems.jsonl", DOUBLE)
    out = tmp_path / "out.jsonl"
    out.write_text("mine")
    with pytest.raises(InputError, match="not written by this command"):
        harden_file(source, out, Options(), 1)
    out.unlink()
    harden_file(source, out, Options(inputs=5), 1)
    with pytest.raises(InputError, match="other problems, options"):
        harden_file(source, out, Options(inputs=6), 1)
    with monkeypatch.context() as patch:
        patch.setattr(files, "_source_digest", lambda: b"changed")
        with pytest.raises(InputError, match="another version"):
            harden_file(source, out, Options(inputs=5), 1)
    out.write_text(out.read_text() + " ")
    with pytest.raises(InputError, match="was changed"):
        harden_file(source, out, Options(inputs=5), 1)


def test_mbpp_keeps_what_the_prompt_shows_and_its_references_pass(tmp_path, data_dir):
    rows = (data_dir / "mbpp.jsonl").read_text().splitlines()[:6]
    source = tmp_path / "mbpp.jsonl"
    source.write_text("\n".join(rows))
    out = tmp_path / "hardened.jsonl"
    harden_file(str(source), out, Options(inputs=60), 2)
    before = read_problems(str(source))
    after = read_problems(str(out))
    assert [row.model_copy(update={"tests": ()}) for row in after] == [
        row.model_copy(update={"tests": ()}) for row in before
    ]
    assert all({*row.visible_tests, *old.tests} <= {*row.tests} for row, old in zip(after, before, strict=True))
    samples = tmp_path / "samples.jsonl"
    samples.write_text(
        "".join(
            f"{Sample(task_id=row.task_id, solution=row.reference).model_dump_json(exclude_none=True)}\n"
            for row in after
        )
    )
    assert grade_files(str(out), samples, tmp_path / "graded.jsonl", 2)["pass@1"] == 1.0


def test_the_command_prints_a_table_or_json(tmp_path):
    source = write(tmp_path / "problems.jsonl", DOUBLE, ORPHAN)
    words = ["harden", "--problems", source, "--out", str(tmp_path / "out.jsonl"), "--workers", "1"]
    shown = CliRunner().invoke(main, words)
    assert shown.exit_code == 0, shown.output
    assert "kill rate, mean" in shown.stdout
    assert "unchanged, has no reference: Own/orphan" in shown.stdout
    assert "Own/double: " in shown.stderr
    assert "harden: 2/2 problems" in shown.stderr
    summary = json.loads(CliRunner().invoke(main, [*words, "--json"]).stdout)
    assert summary["problems"] == 2
    assert [ast.parse(test) for item in summary["outcomes"] for test in item["added"]]
