from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from codekiln.data.records import Problem, Sample, Test, Verdict
from codekiln.sandbox import Limits, Sandbox, grading
from tests.sandbox.graded_files import ADD, BAD, GOOD, SLOW, STUB, FakeSandbox

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


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Problems, forty samples (some equal, half of them wrong), and where the result goes."""
    problems, samples = tmp_path / "problems.jsonl", tmp_path / "samples.jsonl"
    problems.write_text("".join(problem.model_dump_json() + "\n" for problem in (ADD, STUB)))
    programs = [f"# {number // 2}\n{SLOW if number % 2 else BAD}" for number in range(36)] + [GOOD] * 4
    rows = [Sample(task_id=f"Own/{1 + number % 2}", solution=code, seed=number) for number, code in enumerate(programs)]
    samples.write_text("".join(row.model_dump_json(exclude_none=True) + "\n" for row in rows))
    return problems, samples, tmp_path / "out.jsonl"


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[FakeSandbox], FakeSandbox]:
    """Have programs graded by a fake sandbox."""

    def chosen(sandbox: FakeSandbox) -> FakeSandbox:
        monkeypatch.setattr(grading, "open_sandbox", lambda *_: sandbox)
        return sandbox

    return chosen
