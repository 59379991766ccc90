import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codekiln.data.readers import read_problems
from codekiln.data.readers.evalplus_inputs import encode_arguments, mbpp_arguments
from codekiln.data.records import Problem, ReferenceTest
from codekiln.errors import InputErrors
from codekiln.sandbox.inside.plain_values import decode, dumps, encode

HUMANEVAL_PLUS = {
    "task_id": "HumanEval/0", "prompt": 'def f(a, b):\n    """Add."""\n', "entry_point": "f",
    "canonical_solution": "    return a + b\n", "test": "def check(candidate): ...", "contract": "\n    assert a > 0\n",
    "base_input": [[1, 2]], "atol": 0, "plus_input": [[3, 4], [2**70, 0.5]],
}  # fmt: skip
MBPP_PLUS = {
    "task_id": "Mbpp/9", "prompt": '"""\nAdd.\nassert f(1, 2) == 3\n"""\n', "entry_point": "f",
    "canonical_solution": "\ndef f(a, b):\n    return a + b\n", "base_input": [[1, 2]], "atol": 0.0001,
    "plus_input": [[3, 4]], "contract": "", "assertion": "\nassert f(1, 2) == 3\n",
}  # fmt: skip


def read(tmp_path: Path, row: dict[str, Any], format: str | None = None) -> Problem:
    path = tmp_path / "plus.jsonl.gz"
    path.write_bytes(gzip.compress((json.dumps(row) + "\n").encode()))
    return read_problems(str(path), format)[0]


def arguments_of(test: Any) -> list[object]:
    assert isinstance(test, ReferenceTest)
    return [decode(line.encode()) for line in test.inputs]


def test_humaneval_plus_has_a_base_and_a_plus_suite(tmp_path: Path) -> None:
    problem = read(tmp_path, HUMANEVAL_PLUS)
    base, plus = problem.tests
    assert [(test.suite, test.comparison, test.atol) for test in (base, plus)] == [
        ("base", "equal", 0.0), ("plus", "equal", 0.0),
    ]  # fmt: skip
    assert (arguments_of(base), arguments_of(plus)) == ([[1, 2]], [[3, 4], [2**70, 0.5]])
    assert problem.reference == HUMANEVAL_PLUS["prompt"] + HUMANEVAL_PLUS["canonical_solution"]
    assert (problem.task_id, problem.entry_point, problem.setup, problem.visible_tests) == ("HumanEval/0", "f", "", ())


def test_mini_files_have_no_tests_in_text(tmp_path: Path) -> None:
    mini = {key: value for key, value in HUMANEVAL_PLUS.items() if key != "test"}
    assert read(tmp_path, mini) == read(tmp_path, HUMANEVAL_PLUS)


def test_mbpp_plus_keeps_its_tolerance(tmp_path: Path) -> None:
    problem = read(tmp_path, MBPP_PLUS)
    assert [test.atol for test in problem.tests if isinstance(test, ReferenceTest)] == [1e-4, 1e-4]
    assert problem.reference == MBPP_PLUS["prompt"] + MBPP_PLUS["canonical_solution"]


def test_a_problem_without_plus_inputs_has_the_base_suite_only(tmp_path: Path) -> None:
    (test,) = read(tmp_path, {**MBPP_PLUS, "plus_input": {}}).tests
    assert isinstance(test, ReferenceTest)
    assert test.suite == "base"


@pytest.mark.parametrize(
    ("row", "entry_point", "comparison"),
    [
        (HUMANEVAL_PLUS, "find_zero", "polynomial-root"),
        (HUMANEVAL_PLUS, "Diff", "equal"),
        (MBPP_PLUS, "find_zero", "equal"),
        (MBPP_PLUS, "check_str", "not-none"),
        (MBPP_PLUS, "similar_elements", "same-elements"),
        (MBPP_PLUS, "Diff", "same-elements"),
        (MBPP_PLUS, "are_equivalent", "any-result"),
        (MBPP_PLUS, "sum_div", "equal-or-zero"),
        (MBPP_PLUS, "surface_Area", "pyramid-surface"),
        (MBPP_PLUS, "digit_distance_nums", "digit-distance"),
    ],
)
def test_some_problems_have_a_comparison_of_their_own(
    tmp_path: Path, row: dict[str, Any], entry_point: str, comparison: str
) -> None:
    renamed = {key: value.replace("def f(", f"def {entry_point}(") if isinstance(value, str) else value
               for key, value in row.items()}  # fmt: skip
    problem = read(tmp_path, {**renamed, "entry_point": entry_point})
    assert {test.comparison for test in problem.tests if isinstance(test, ReferenceTest)} == {comparison}


@pytest.mark.parametrize(
    ("task", "given", "wanted"),
    [
        (9, [[1, 2], [[3]]], [[1, 2], [[3]]]),
        (2, [[1, 2], [3]], [(1, 2), (3,)]),
        (63, [[[1, 2], [3, 4]]], [[(1, 2), (3, 4)]]),
        (259, [[[1, 2], [3, 4]], [[5, 6]]], [((1, 2), (3, 4)), ((5, 6),)]),
        (278, [[1, [2, 3]]], [(1, (2, 3))]),
        (75, [[[1, 2], [3]], 4], [[(1, 2), (3,)], 4]),
        (722, [{"a": [1, 2]}, 3, 4], [{"a": (1, 2)}, 3, 4]),
        (106, [[1], [2, 3]], [[1], (2, 3)]),
        (307, [[1, []], 2, 3], [(1, []), 2, 3]),
        (405, [[1, 2], 3], [(1, 2), 3]),
        (115, [[[1, 2], []]], [[{1, 2}, {}]]),
        (124, ["1.5", "2+3j"], [1.5, 2 + 3j]),
        (252, ["1j"], [1j]),
        (580, [[1, [2, [3]]]], [(1, (2, (3,)))]),
    ],
)
def test_mbpp_inputs_get_the_types_that_json_lacks(
    tmp_path: Path, task: int, given: list[Any], wanted: list[Any]
) -> None:
    assert mbpp_arguments(f"Mbpp/{task}", given) == wanted
    problem = read(tmp_path, {**MBPP_PLUS, "task_id": f"Mbpp/{task}", "base_input": [given]})
    assert arguments_of(problem.tests[0]) == [wanted]


def test_humaneval_inputs_stay_lists(tmp_path: Path) -> None:
    problem = read(tmp_path, {**HUMANEVAL_PLUS, "task_id": "HumanEval/2", "base_input": [[[1, 2]]]})
    assert arguments_of(problem.tests[0]) == [[[1, 2]]]


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.text()
)
_KEYS = st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(_KEYS, inner) | st.sets(_KEYS)
    ),
    max_leaves=20,
)  # fmt: skip


@given(st.lists(_VALUES, max_size=4))
def test_inputs_are_encoded_as_the_sandbox_reads_them(arguments: list[Any]) -> None:
    assert json.loads(encode_arguments(arguments)) == json.loads(dumps(encode(arguments)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"canonical_solution": "    return (\n"}, r"1\.canonical_solution: with the prompt, not Python"),
        ({"entry_point": "g"}, r"1\.canonical_solution: does not define g"),
        ({"base_input": [[1], 2]}, r"1\.base_input"),
        ({"base_input": {}, "plus_input": {}}, r"1\.base_input: has no inputs"),
        ({"atol": -1}, r"1\.atol"),
        ({"atol": "0"}, r"1\.atol"),
    ],
)
def test_wrong_rows_are_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputErrors, match=message):
        read(tmp_path, {**HUMANEVAL_PLUS, **change})


def test_an_input_of_another_shape_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputErrors, match=r"1, plus input 2 of 2: not an input of Mbpp/252: complex"):
        read(tmp_path, {**MBPP_PLUS, "task_id": "Mbpp/252", "base_input": [["1j"]], "plus_input": [["1j"], ["one"]]})


ASSERTION = (
    "import numpy as np\nfrom math import inf\n\ndef is_floats(x):\n    return isinstance(x, float)\n\n"
    "def assertion(out, exp, atol):\n    assert out == exp or np.allclose(out, exp, rtol=1e-07, atol=atol)\n\n"
)
HUMANEVAL_ORIGIN = {
    **{key: HUMANEVAL_PLUS[key] for key in ("task_id", "prompt", "entry_point", "canonical_solution")},
    "test": f"{ASSERTION}def check(candidate):\n    inputs = [[1, 2], [-inf, 4]]\n    results = [3, -inf]\n"
    "    for i, (inp, exp) in enumerate(zip(inputs, results)):\n        assertion(candidate(*inp), exp, 1e-06)\n",
}
MBPP_ORIGIN = {
    "task_id": 9, "code": "def f(a, b):\r\n    return a + b\r\n", "prompt": "Add.", "source_file": "x",
    "test_imports": [], "test_list": ["assert f(1, 2) == 3", "assert f(0, 2) == 2"],
    "test": f"{ASSERTION}inputs = [[(1,), (2, 3)], [0, 2]]\nresults = [(1, 2, 3), 2]\n"
    "for i, (inp, exp) in enumerate(zip(inputs, results)):\n    assertion(f(*inp), exp, 0)\n",
}  # fmt: skip


def test_the_original_format_of_humaneval_plus_needs_no_numpy(tmp_path: Path) -> None:
    problem = read(tmp_path, HUMANEVAL_ORIGIN)
    (test,) = problem.tests
    assert isinstance(test, ReferenceTest)
    assert (test.suite, test.comparison, test.atol) == ("plus", "equal", 1e-6)
    assert arguments_of(test) == [[1, 2], [float("-inf"), 4]]
    assert problem.setup == ""


def test_the_original_format_computes_expected_results_too(tmp_path: Path) -> None:
    lines = HUMANEVAL_ORIGIN["test"].partition("    results")[0]
    loop = "    for i, inp in enumerate(inputs):\n        assertion(candidate(*inp), ref_func(*inp), 0)\n"
    row = {**HUMANEVAL_ORIGIN, "test": f"def ref_func(a, b):\n    return a + b\n\n{lines}{loop}"}
    assert arguments_of(read(tmp_path, row).tests[0]) == [[1, 2], [float("-inf"), 4]]
    zero = "def check(candidate):\n    inputs = [[[1, 2]]]\n    results = [-0.5]\n"
    zero += "    for i, (inp, exp) in enumerate(zip(inputs, results)):\n"
    zero += "        assert _poly(*candidate(*inp), inp) <= 0.0001\n"
    prompt = HUMANEVAL_ORIGIN["prompt"].replace("f(", "find_zero(")
    (test,) = read(tmp_path, {**HUMANEVAL_ORIGIN, "prompt": prompt, "entry_point": "find_zero", "test": zero}).tests
    assert isinstance(test, ReferenceTest)
    assert (test.comparison, test.atol) == ("polynomial-root", 1e-4)


def test_the_original_format_of_mbpp_plus_grades_on_all_inputs(tmp_path: Path) -> None:
    problem = read(tmp_path, MBPP_ORIGIN)
    assert problem.visible_tests == ("assert f(1, 2) == 3",)
    (test,) = problem.tests
    assert arguments_of(test) == [[(1,), (2, 3)], [0, 2]]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("assertion(candidate(*inp), exp, 1e-06)", "assertion(candidate(*inp), exp, i)"),
        ("assertion(candidate(*inp), exp, 1e-06)", "assertion(candidate(*inp), exp + 1, 0)"),
        ("assertion(candidate(*inp), exp, 1e-06)", "assert candidate(*inp) == exp"),
        ("[-inf, 4]", "[open, 4]"),
    ],
)
def test_tests_of_another_shape_stay_as_they_are(tmp_path: Path, old: str, new: str) -> None:
    (test,) = read(tmp_path, {**HUMANEVAL_ORIGIN, "test": HUMANEVAL_ORIGIN["test"].replace(old, new)}).tests
    assert isinstance(test, str)
    assert new in test
    other = read(tmp_path, {**MBPP_ORIGIN, "test": "for i in range(3):\n    assert f(i, i) == 2 * i\n"})
    assert other.tests == ("assert f(0, 2) == 2", "for i in range(3):\n    assert f(i, i) == 2 * i\n")
