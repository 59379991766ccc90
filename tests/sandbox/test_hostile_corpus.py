"""The programs of ``hostile/``: none gets a verdict that it does not deserve, and none changes that of another."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from codekiln.data.records import Verdict
from codekiln.sandbox import Sandbox
from tests.sandbox.corpus import GOOD, LIMITS, PROBLEMS, PROGRAMS, Program, problem_of

# The fixture grades all programs at once: in one process of pytest-xdist, not in each.
pytestmark = pytest.mark.xdist_group("hostile_corpus")


def _in_time(work: Callable[[], None], seconds: float) -> bool:
    """Return whether ``work`` ends in time: a grader that is held up makes a failure, not a test that never ends."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("canary") / "canary.txt"
    path.write_text("canary")
    return path


@pytest.fixture(scope="module")
def verdicts(canary: Path) -> dict[str, Verdict]:
    """The verdict on each program by its name, and on the honest program after it by ``after`` and that name."""
    jobs = []
    for program in PROGRAMS:
        jobs.append((problem_of(program.problem, program.name), program.text.replace("CANARY", str(canary))))
        jobs.append((problem_of("add", f"after {program.name}"), GOOD))
    found: dict[str, Verdict] = {}

    def grade() -> None:
        with Sandbox(workers=2, limits=LIMITS) as sandbox:
            found.update((verdict.task_id, verdict) for _, verdict in sandbox.grade(jobs))

    assert _in_time(grade, 600), f"no end; {len(found)} of {len(jobs)} verdicts"
    return found


def test_the_corpus_is_large_and_covers_each_kind() -> None:
    assert len(PROGRAMS) >= 500
    assert {program.problem for program in PROGRAMS} <= PROBLEMS.keys()
    assert {program.expect for program in PROGRAMS} == {"notpass", "pass", "any", "forgeable"}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_each_gets_what_it_deserves(program: Program, verdicts: dict[str, Verdict]) -> None:
    verdict = verdicts[program.name]
    assert program.is_deserved(verdict), verdict
    if verdict.passed:
        assert verdict.tests_run == verdict.tests_passed == verdict.tests_total > 0


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_the_honest_program_after_it_passes(program: Program, verdicts: dict[str, Verdict]) -> None:
    verdict = verdicts[f"after {program.name}"]
    assert verdict.passed, verdict


def test_nothing_outside_was_changed(canary: Path, verdicts: dict[str, Verdict]) -> None:
    assert len(verdicts) == 2 * len(PROGRAMS)
    assert canary.read_text() == "canary"
    assert [path.name for path in canary.parent.iterdir()] == ["canary.txt"]
    assert not Path("/dev/shm/codekiln-test").exists()
    assert not Path("/tmp/codekiln-test-fifo").exists()
