"""What a reference returns is computed once, and read from its file afterwards."""

import hashlib
import marshal
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from codekiln.data.records import Problem, ReferenceTest
from codekiln.sandbox.expected_results import Expected, ExpectedResults
from codekiln.sandbox.inside.messages import ProblemPlan
from codekiln.sandbox.inside.program import RESULT_FORMAT
from codekiln.sandbox.test_plan import plan_tests

PROBLEM = Problem(
    task_id="square", prompt="", entry_point="f", reference="def f(x):\n    return x * x\n",
    tests=(ReferenceTest(inputs=("[1]", "[2]"), suite="base"), ReferenceTest(inputs=("[3]",), suite="plus"),
           ReferenceTest(inputs=("[4]",), suite="plus")),
)  # fmt: skip
RESULTS = [1, 4, 9, 16]


class Reference:
    """Answers as the tester does, and counts its runs; ``too_large`` are inputs whose result does not fit."""

    def __init__(self, too_large: tuple[str, ...] = ()) -> None:
        self.runs, self._too_large = 0, too_large

    def __call__(self, plan: ProblemPlan, program: str) -> dict[str, object]:
        self.runs += 1
        inputs = [str(arguments) for _, arguments in plan["calls"]["calls"]]
        if set(inputs) & set(self._too_large):
            return {"results": b'["large"]', "reason": "ended", "code": 0, "cpu_seconds": 1.5}
        lines = [b"v%d" % RESULTS[int(text[1:-1]) - 1] for text in inputs]
        return {"results": b"\n".join([b'["loaded"]', *lines]), "reason": "ended", "code": 0, "cpu_seconds": 0.5}


def never(plan: ProblemPlan, program: str) -> dict[str, object]:
    raise AssertionError("the reference is run again")


def results_of(folder: Path, reference: Callable[[ProblemPlan, str], dict[str, object]]) -> Expected:
    return ExpectedResults(folder).of(PROBLEM, reference)


def test_results_are_read_from_their_file(tmp_path: Path) -> None:
    reference = Reference()
    made = results_of(tmp_path, reference)
    assert reference.runs == 1
    assert results_of(tmp_path, never) == made
    assert zlib.decompress(made.lines).split(b"\n") == [b"v1", b"v4", b"v9", b"v16"]
    assert made.size == len("v1v4v9v16")
    assert made.cpu_seconds == 0.5
    wanted = b"".join(marshal.dumps(value, RESULT_FORMAT) for value in RESULTS)
    assert made.digest == hashlib.sha256(wanted).digest()


def test_inputs_that_are_left_out_are_named_each_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results_of(tmp_path, Reference(too_large=("[2]",)))
    assert "square: 1 of 4 inputs are left out" in capsys.readouterr().err
    read = results_of(tmp_path, never)
    assert "square: 1 of 4 inputs are left out" in capsys.readouterr().err
    assert list(read.left_out) == [1]


def test_a_plan_has_the_inputs_with_results_in_the_order_of_the_tests(tmp_path: Path) -> None:
    plan = plan_tests(PROBLEM, results_of(tmp_path, Reference(too_large=("[2]",))))
    assert plan.message["calls"]["calls"] == (("f", "[1]"), ("f", "[3]"), ("f", "[4]"))
    assert zlib.decompress(plan.message["expected"]).split(b"\n") == [b"v1", b"v9", b"v16"]
    found = [(part["suite"], part["first"], part["count"]) for part in plan.message["references"]]
    assert found == [("base", 0, 1), ("plus", 1, 1), ("plus", 2, 1)]
    assert plan.total == 3


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data[1:],
        lambda data: b"",
        lambda data: b"\0\0\0\0",  # the check value of nothing is 0
        lambda data: data[:-5] + bytes([data[-5] ^ 1]) + data[-4:],
        lambda data: data[:8] + bytes([data[8] ^ 1]) + data[9:],
    ],
)
def test_a_damaged_file_is_written_again(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    made = results_of(tmp_path, Reference())
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    reference = Reference()
    assert results_of(tmp_path, reference) == made
    assert reference.runs == 1
    assert file.read_bytes() == whole
