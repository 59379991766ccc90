"""Problems, samples and a sandbox that runs nothing, for tests of grading."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from codekiln.data.records import Graded, Problem, Sample, Verdict

ADD = Problem(task_id="Own/1", prompt="Add one.", entry_point="f", tests=("assert f(1) == 2", "assert f(5) == 6"))
STUB = ADD.model_copy(update={"task_id": "Own/2", "prompt": 'def f(x):\n    """Add one."""\n'})
GOOD, BAD = "def f(x):\n    return x + 1\n", "def f(x):\n    return x\n"
SLOW = "import time\ntime.sleep(0.05)\n" + GOOD


def rows(path: Path) -> list[Graded]:
    """The graded rows without their times, which differ from run to run."""
    read = [Graded.model_validate_json(line) for line in path.read_text().splitlines()]
    return [row.model_copy(update={"verdict": row.verdict.model_copy(update={"cpu_seconds": 0.0})}) for row in read]


class FakeSandbox:
    """Gives verdicts without running anything, and remembers the programs."""

    def __init__(self, verdict_on: Callable[[str], Verdict], reads: str = "Landlock") -> None:
        self._verdict_on, self._reads = verdict_on, reads
        self.programs: list[str] = []

    def __enter__(self) -> "FakeSandbox":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def protections(self) -> dict[str, str]:
        return {"network": "seccomp", "file reads": self._reads}

    def grade(self, jobs: Iterable[tuple[Problem, str]]) -> Iterator[tuple[int, Verdict]]:
        for number, (_, program) in enumerate(jobs):
            self.programs.append(program)
            yield number, self._verdict_on(program)


def verdict(status: str = "passed", **more: object) -> Verdict:
    return Verdict.model_validate(
        {"task_id": "?", "status": status, "tests_total": 2, "tests_run": 2, "tests_passed": 2, **more}
    )


def write(path: Path, rows: Iterable[Problem | Sample]) -> Path:
    path.write_text("".join(row.model_dump_json(exclude_none=True) + "\n" for row in rows))
    return path
