from collections.abc import Callable, Iterator

import pytest

from codekiln.data.records import Problem, Test, Verdict
from codekiln.sandbox import Limits, Sandbox

SMALL = Limits(cpu_seconds=1, wall_seconds=30.0, memory_mb=256, file_mb=4, output_kb=64)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=1, limits=SMALL) as made:
        yield made


@pytest.fixture(scope="session")
def grade(sandbox: Sandbox) -> Callable[..., Verdict]:
    """Grade one program against tests (by default: f adds one)."""

    def run(program: str, *tests: Test, setup: str = "", entry_point: str | None = "f") -> Verdict:
        chosen = tests or ("assert f(1) == 2", "assert f(41) == 42", "assert f(-1) == 0")
        problem = Problem(task_id="t", prompt="", entry_point=entry_point, setup=setup, tests=chosen)
        ((index, verdict),) = sandbox.grade([(problem, program)])
        assert index == 0
        return verdict

    return run
