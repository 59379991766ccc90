import ast
import hashlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import codekiln.sandbox
from codekiln.data.records import Problem, Verdict
from codekiln.sandbox import Limits, verdict_cache
from codekiln.sandbox.verdict_cache import (
    VerdictCache,
    context_digest,
    default_folder,
    is_repeatable,
    problem_digest,
    verdict_key,
)

PASSED = Verdict(task_id="a/1", status="passed", tests_total=2, tests_run=2, tests_passed=2, cpu_seconds=0.25)
FOUND = PASSED.model_copy(update={"task_id": ""})
PROBLEM = Problem(task_id="a/1", prompt="p", entry_point="f", setup="x = 1", tests=("assert f(1)",), reference="r")


def key(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def fill(folder: Path, numbers: range, **options: int) -> None:
    with VerdictCache(folder, **options) as cache:
        for number in numbers:
            cache.add(key(number), PASSED)


def known(folder: Path, numbers: range) -> set[int]:
    with VerdictCache(folder) as cache:
        found = cache.find([key(number) for number in numbers])
    assert all(verdict == FOUND for verdict in found.values())
    return {number for number in numbers if key(number) in found}


def test_verdicts_are_found_in_another_run_without_their_name(tmp_path: Path) -> None:
    fill(tmp_path / "new" / "folder", range(1200))
    assert known(tmp_path / "new" / "folder", range(1300)) == set(range(1200))
    assert (tmp_path / "new" / "folder").stat().st_mode & 0o077 == 0


def test_processes_write_at_the_same_time(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from tests.sandbox.test_verdict_cache import fill
for start in range(0, 200, 10):
    fill(Path(sys.argv[1]), range(int(sys.argv[2]) + start, int(sys.argv[2]) + start + 10))
"""
    root = Path(__file__).parents[2]
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(200 * number)], cwd=root)
        for number in range(6)
    ]
    assert [writer.wait() for writer in writers] == [0] * 6
    assert known(tmp_path, range(1200)) == set(range(1200))


def test_a_damaged_entry_is_ignored_and_written_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    fill(tmp_path, range(4))
    with sqlite3.connect(tmp_path / "verdicts.sqlite3") as connection:
        change = "UPDATE verdicts SET value = replace(CAST(value AS BLOB), ?, ?) WHERE key = ?"
        connection.execute("UPDATE verdicts SET value = ? WHERE key = ?", (b"", key(0)))
        connection.execute("UPDATE verdicts SET value = NULL WHERE key = ?", (key(1),))
        connection.execute(change, (b'"passed"', b'"failed"', key(2)))
        (other,) = connection.execute("SELECT value FROM verdicts WHERE key = ?", (key(3),)).fetchone()
        connection.execute("UPDATE verdicts SET value = ? WHERE key = ?", (other, key(2)))
    connection.close()
    assert known(tmp_path, range(4)) == {3}
    assert caplog.text.count("is damaged") == 3
    fill(tmp_path, range(4))
    assert known(tmp_path, range(4)) == set(range(4))


@pytest.mark.parametrize("damage", ["no database", "cut short", "overwritten"])
def test_a_damaged_file_is_started_anew(tmp_path: Path, damage: str) -> None:
    fill(tmp_path, range(2000))
    file = tmp_path / "verdicts.sqlite3"
    data = file.read_bytes()
    file.write_bytes({
        "no database": b"no database at all" * 1000,
        "cut short": data[: len(data) // 3],
        "overwritten": data[:4096] + b"\xff" * (len(data) - 4096),
    }[damage])  # fmt: skip
    assert known(tmp_path, range(2000)) == set()
    fill(tmp_path, range(5))
    assert known(tmp_path, range(2000)) >= set(range(5))


def test_a_folder_that_cannot_be_used_is_reported_once_and_does_no_harm(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    fill(tmp_path / "file" / "below", range(2000))
    assert caplog.text.count("cannot be used") == 1
    assert known(tmp_path / "file" / "below", range(10)) == set()


def test_the_oldest_verdicts_make_room(tmp_path: Path) -> None:
    for start in range(0, 1000, 100):
        fill(tmp_path, range(start, start + 100), max_entries=400)
    left = known(tmp_path, range(1000))
    assert set(range(900, 1000)) <= left
    assert left == set(range(min(left), 1000))
    assert 300 <= len(left) <= 400


@pytest.mark.parametrize(
    ("status", "detail", "kept"),
    [
        ("passed", "", True),
        ("failed", "assert f(1) == 2: got 3", True),
        ("error", "NameError: x", True),
        ("error", "OSError: [Errno 28] No space left on device (line 3)", False),
        ("error", "RuntimeError: can't start new thread", False),
        ("invalid", "SyntaxError", True),
        ("output", "wrote more than 1024 KiB", True),
        ("tampered", "the result channel was written by the program", False),
        ("timeout", "used its 10 s of CPU", True),
        ("timeout", "still running after 30 s (0.0 s CPU)", False),
        ("memory", "killed by signal 9 at 1000 MiB", False),
        ("crashed", "the process ended before its tests did (killed by signal 9)", False),
        ("crashed", "infrastructure: the server died twice", False),
    ],
)
def test_only_verdicts_that_do_not_depend_on_the_machine_are_kept(
    tmp_path: Path, status: str, detail: str, kept: bool
) -> None:
    verdict = PASSED.model_copy(update={"status": status, "detail": detail})
    assert is_repeatable(verdict) == kept
    with VerdictCache(tmp_path) as cache:
        cache.add(key(1), verdict)
        cache.flush()
        assert bool(cache.find([key(1)])) == kept


def test_the_environment_moves_the_cache_or_switches_it_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CODEKILN_VERDICT_CACHE", str(tmp_path / "here"))
    assert default_folder() == tmp_path / "here"
    for off in ("off", "OFF", "0", "false", "no", "none"):
        monkeypatch.setenv("CODEKILN_VERDICT_CACHE", off)
        assert default_folder() is None
    monkeypatch.delenv("CODEKILN_VERDICT_CACHE")
    monkeypatch.delenv("CODEKILN_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "codekiln" / "verdicts"
    monkeypatch.setenv("CODEKILN_CACHE", str(tmp_path / "all"))
    assert default_folder() == tmp_path / "all" / "verdicts"
    monkeypatch.delenv("CODEKILN_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert default_folder() == Path("/home/somebody/.cache/codekiln/verdicts")
    with VerdictCache(None) as cache:
        cache.add(key(1), PASSED)
        cache.flush()
        assert cache.find([key(1)]) == {}


@pytest.mark.parametrize(
    ("change", "is_other"),
    [
        ({"entry_point": "g"}, True),
        ({"setup": "x = 2"}, True),
        ({"tests": ("assert f(2)",)}, True),
        ({"reference": None}, True),
        ({"task_id": "b/2", "prompt": "q", "group": "g", "difficulty": "hard", "visible_tests": ("assert 1",)}, False),
    ],
)
def test_what_grades_a_problem_makes_its_key(change: dict[str, object], is_other: bool) -> None:
    assert (problem_digest(PROBLEM) != problem_digest(PROBLEM.model_copy(update=change))) == is_other


def test_limits_packages_protection_and_the_sandbox_make_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    contexts = [
        context_digest(Limits()),
        context_digest(Limits(cpu_seconds=3)),
        context_digest(Limits(), ["numpy"]),
        context_digest(Limits(), ["pytest"]),
        context_digest(Limits(), allow_weaker=True),
    ]
    assert context_digest(Limits(), ["pytest", "numpy"]) == context_digest(Limits(), ["numpy", "pytest", "numpy"])
    monkeypatch.setattr(verdict_cache, "_source_digest", lambda: "changed")
    contexts.append(context_digest(Limits()))
    assert len(set(contexts)) == len(contexts)
    assert verdict_key(contexts[0], contexts[1], "\ud800") != verdict_key(contexts[0], contexts[1], "?")


def test_every_source_file_of_the_sandbox_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sandbox" / "inside").mkdir(parents=True)
    (tmp_path / "data").mkdir()
    inner = tmp_path / "sandbox" / "inside" / "program.py"
    for path in (inner, tmp_path / "sandbox" / "pool.py", tmp_path / "data" / "records.py"):
        path.write_text("1")
    monkeypatch.setattr(verdict_cache, "__file__", str(tmp_path / "sandbox" / "verdict_cache.py"))
    digest = verdict_cache._source_digest.__wrapped__
    before = digest()
    assert digest() == before
    inner.write_text("2")
    assert digest() != before


def test_the_sandbox_reads_no_field_of_a_problem_that_is_not_in_the_key() -> None:
    """Verdicts of problems that differ elsewhere are shared, so nothing else may decide one."""
    room = Path(codekiln.sandbox.__file__).parent
    fields = set(Problem.model_fields)
    read = {
        node.attr
        for path in room.rglob("*.py")
        if path.name not in ("grading.py", "sample_files.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "problem"
    }
    assert {"tests", "entry_point"} <= read
    assert read & fields <= {"task_id", "entry_point", "setup", "tests", "reference"}
