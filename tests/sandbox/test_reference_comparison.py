"""Agreement with the reference, case by case as EvalPlus's own comparison answers."""

import time

import pytest

from codekiln.data.records import Comparison
from codekiln.sandbox.inside.reference_comparison import agrees

NAN, INF = float("nan"), float("inf")


class Hostile:
    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    def __hash__(self) -> int:
        raise RuntimeError("no")

    def __len__(self) -> int:
        raise RuntimeError("no")


def nested(depth: int, value: object) -> object:
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("result", "expected", "atol", "wanted"),
    [
        (1, 1, 0, True),
        (True, 1, 0, True),
        (1, 1.0, 0, True),
        (2, 1.0, 0, False),
        ([1], [1], 0, True),
        ((1,), [1], 0, False),
        ({1, 2}, {2, 1}, 0, True),
        ([1, 2], {1, 2}, 0, False),
        ({"a": [1]}, {"a": [1]}, 0, True),
        (None, None, 0, True),
        (None, 0, 0, False),
        ("a", "a ", 0, False),
        # floats are compared within 1e-6, at the top and in a list or tuple of nothing else
        (1.0 + 5e-7, 1.0, 0, True),
        (1.0 + 2e-6, 1.0, 0, False),
        (1e9 + 50, 1e9, 0, True),
        ([1.0 + 5e-7, 2], [1.0, 2.0], 0, True),
        ((1.0 + 5e-7,), (1.0,), 0, True),
        ((1.0 + 5e-7,), [1.0], 0, False),
        ([1.0 + 5e-7, 2], [1.0, 2], 0, False),
        ([[1.0 + 5e-7]], [[1.0]], 0, False),
        ({"a": 1.0 + 5e-7}, {"a": 1.0}, 0, False),
        ({1.0 + 5e-7}, {1.0}, 0, False),
        ([1.0], [1.0, 2.0], 0, False),
        ([], [1.0], 0, False),
        ([[1.0 + 5e-7]], [1.0], 0, False),
        # the type is the same, unless the values are equal
        (1, 1.0 + 5e-7, 0, False),
        (1 + 0j, 1.0 + 5e-7, 0, False),
        # the problem's tolerance holds for every number, however deep
        (1.00005, 1.0, 1e-4, True),
        (1.00015, 1.0, 1e-4, False),
        ([[1.00005], [2]], [[1.0], [2]], 1e-4, True),
        ([(1.00005,), "a"], [(1.0,), "a"], 1e-4, False),
        ({"a": 1.00005}, {"a": 1.0}, 1e-4, False),
        (3, 3 + 1, 1e-4, False),
        (True, 1.00005, 1e-4, False),
        (1j + 1e-5, 1j, 1e-4, True),
        # nan agrees with nothing, infinity with itself
        (NAN, float("nan"), 0, False),
        (NAN, 1.0, 1e-4, False),
        (INF, INF, 0, True),
        (INF, 1.0, 0, False),
        (1.0, INF, 0, False),
        (-INF, INF, 1e-4, False),
        ([INF, 1.0 + 5e-7], [INF, 1.0], 0, True),
        ([NAN], [float("nan")], 0, False),
        # what cannot be compared does not agree
        (10**400, 1.0, 0, False),
        (10**400 + 1, 10**400, 1e-4, False),
        (nested(250, 1.0001), nested(250, 1.0), 1e-3, False),
        (nested(100, 1.0001), nested(100, 1.0), 1e-3, True),
    ],
)
def test_equal(result: object, expected: object, atol: float, wanted: bool) -> None:
    assert agrees("equal", [], result, expected, atol) is wanted


@pytest.mark.parametrize(
    ("comparison", "arguments", "result", "expected", "wanted"),
    [
        ("same-elements", [], [2, 1, 1], (1, 2), True),
        ("same-elements", [], {1, 2}, [2, 1], True),
        ("same-elements", [], [1, 2, 3], [1, 2], False),
        ("same-elements", [], [1], [1, 2], False),
        ("same-elements", [], [[1]], [1], False),
        ("same-elements", [], 1, [1], False),
        ("same-elements", [], None, [], False),
        ("same-elements", [], [], (), True),
        ("same-elements", [], [1.0 + 5e-7, 2.0], [1.0, 2.0], True),
        ("same-elements", [], [2.0, 1.0 + 5e-7], [1.0, 2.0], False),
        ("not-none", [], "a match", object(), True),
        ("not-none", [], True, object(), True),
        ("not-none", [], False, object(), False),
        ("not-none", [], None, None, True),
        ("not-none", [], False, None, True),
        ("not-none", [], True, None, False),
        ("not-none", [], 0, object(), True),
        ("not-none", [], 0, None, False),
        ("not-none", [], None, False, True),
        ("any-result", [], object(), 3, True),
        ("equal-or-zero", [], 0, 6, True),
        ("equal-or-zero", [], 6, 6, True),
        ("equal-or-zero", [], 5, 6, False),
        ("polynomial-root", [[1, 2]], -0.5, None, True),
        ("polynomial-root", [[1, 2]], -0.49, None, False),
        ("polynomial-root", [[-6, 11, -6, 1]], 3, 1.0, True),
        ("polynomial-root", [[1, 2]], "x", None, False),
        ("polynomial-root", [[1, 2, 3, 4]], 1e308, None, False),
        ("polynomial-root", [[1, 2]], NAN, None, False),
        ("polynomial-root", [[1, 2]], None, None, False),
        ("pyramid-surface", [3, 4], 33, 33, True),
        ("pyramid-surface", [3, 4], 35, 33, True),
        ("pyramid-surface", [3, 4], 34, 33, False),
        ("pyramid-surface", [3, 4], "33", 33, False),
        ("digit-distance", [1, 256], 1, 1, True),
        ("digit-distance", [1, 256], 12, 1, True),
        ("digit-distance", [1, 256], 11, 1, False),
    ],
)
def test_special_comparisons(
    comparison: Comparison, arguments: list[object], result: object, expected: object, wanted: bool
) -> None:
    atol = 1e-4 if comparison == "polynomial-root" else 0
    assert agrees(comparison, arguments, result, expected, atol) is wanted


@pytest.mark.parametrize("comparison", Comparison.__args__)
def test_nothing_raises(comparison: Comparison) -> None:
    for result in (Hostile(), [Hostile()], None, object(), nested(5000, 1), {"a": Hostile()}):
        for expected in (1.0, [1.0], None, nested(5000, 1)):
            assert agrees(comparison, [], result, expected, 1e-4) in (True, False)


def test_an_unknown_comparison_is_an_error() -> None:
    with pytest.raises(ValueError, match="no comparison is called 'alike'"):
        agrees("alike", [], 1, 1, 0)


def test_elements_with_one_hash_take_linear_time() -> None:
    colliding = [number * (2**61 - 1) for number in range(20_000)]
    started = time.process_time()
    assert not agrees("same-elements", [], colliding, [0, 1], 0)
    assert time.process_time() - started < 1
