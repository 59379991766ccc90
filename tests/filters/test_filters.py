import pytest

from codekiln import filters
from codekiln.data.records import Graded, Problem, Sample, Verdict
from codekiln.errors import InputError

LONG = "Write a function that takes a list of whole numbers and returns the sum of those that are even."
EVALUATION = (
    Problem(task_id="e/1", prompt=LONG, reference="def solve(xs):\n    return sum(x for x in xs if x % 2 == 0)"),
    Problem(task_id="e/2", prompt="Double it.", reference="def double(x):\n    return x * 2"),
)
PROBLEM = Problem(task_id="t/1", prompt="Return the largest.")
CODE = "def solve(xs):\n    return max(xs) + 0"


def row(code=CODE, status="passed", task="t/1"):
    verdict = Verdict(task_id=task, status=status, tests_total=1, tests_run=1, tests_passed=int(status == "passed"))
    return Graded(sample=Sample(task_id=task, solution=code), verdict=verdict)


def test_every_filter_is_found_and_says_what_it_does():
    assert set(filters.names()) >= {"passed", "duplicate", "length", "contaminated", "placeholder"}
    assert all(filters.get(name).name == name and filters.get(name).describe for name in filters.names())
    assert set(filters.DEFAULT) <= set(filters.names())


def test_an_unknown_filter_gets_a_suggestion():
    with pytest.raises(InputError, match="did you mean 'duplicate'"):
        filters.chain(["duplicates"])


@pytest.mark.parametrize("status", ["failed", "error", "timeout", "tampered"])
def test_passed_gives_the_verdict_as_reason(status):
    check = filters.chain(["passed"])
    assert check(PROBLEM, row()) is None
    assert check(PROBLEM, row(status=status)) == status


def test_duplicate_keeps_the_first_twin_of_a_task():
    check = filters.chain(["duplicate"])
    twin = row("def answer(values):\n    # largest\n    return max(values) + 0")
    assert [check(PROBLEM, item) for item in (row(), twin, row(CODE + " + 1"))] == [None, "twin", None]
    other = PROBLEM.model_copy(update={"task_id": "t/2"})
    assert check(other, twin) is None


def test_duplicate_compares_texts_that_are_not_python():
    check = filters.chain(["duplicate"])
    assert [check(PROBLEM, row(text)) for text in ("def (", "def (", "def )")] == [None, "twin", None]


def test_each_chain_starts_anew():
    assert [filters.chain(["duplicate"])(PROBLEM, row()) for _ in range(2)] == [None, None]


def test_duplicate_sees_only_what_earlier_filters_keep():
    check = filters.chain(["passed", "duplicate"])
    assert [check(PROBLEM, item) for item in (row(status="failed"), row(), row())] == ["failed", None, "twin"]


def test_length_limits_lines_and_tokens():
    check = filters.chain(["length"], {"length": {"max_lines": 3, "max_tokens": 20}})
    assert check(PROBLEM, row()) is None
    assert check(PROBLEM, row("x = 1\n\n" * 3)) is None
    assert check(PROBLEM, row("x = 1\n" * 4)) == "too-many-lines"
    assert check(PROBLEM, row("x = " + "+".join("1" * 20))) == "too-many-tokens"


def test_contaminated_finds_a_quoted_prompt():
    check = filters.chain(["contaminated"], evaluation=EVALUATION)
    quoting = Problem(task_id="t/3", prompt=f"Please help! {LONG.upper()} Thanks.")
    near = Problem(task_id="t/4", prompt=LONG.replace("even", "odd"))
    assert check(quoting, row()) == "contaminated-prompt"
    assert check(near, row()) is None


def test_contaminated_compares_short_prompts_whole():
    check = filters.chain(["contaminated"], evaluation=EVALUATION)
    assert check(Problem(task_id="t/5", prompt="double  it."), row()) == "contaminated-prompt"
    assert check(Problem(task_id="t/6", prompt="Double it. Twice."), row()) is None


def test_contaminated_finds_a_renamed_reference():
    check = filters.chain(["contaminated"], evaluation=EVALUATION)
    assert check(PROBLEM, row("def twice(n):\n    '''Doc.'''\n    return n * 2")) == "contaminated-solution"
    assert check(PROBLEM, row("def twice(n):\n    return n * 3")) is None
    assert check(PROBLEM, row("not python (")) is None


def test_contaminated_without_evaluation_problems_is_an_error():
    with pytest.raises(InputError, match="nothing to compare"):
        filters.chain(["contaminated"])


@pytest.mark.parametrize(
    "code",
    [
        "def solve(xs):\n    pass",
        "def solve(xs):\n    '''Return the largest.'''\n    ...",
        "def solve(xs):\n    raise NotImplementedError('later')",
        "def solve(xs):\n    # TODO: handle empty lists\n    return max(xs)",
        "def solve(xs):\n    # Your code here\n    return max(xs)",
    ],
)
def test_placeholders_are_rejected(code):
    assert filters.chain(["placeholder"])(PROBLEM, row(code)) == "placeholder"


@pytest.mark.parametrize("code", [CODE, "class E(Exception):\n    pass\n" + CODE, "todo = 'TODO'\n" + CODE, "def ("])
def test_finished_code_is_not_a_placeholder(code):
    assert filters.chain(["placeholder"])(PROBLEM, row(code)) is None


def test_a_completion_is_judged_with_its_prompt():
    problem = Problem(task_id="t/1", prompt="def twice(n):\n")
    graded = row().model_copy(update={"sample": Sample(task_id="t/1", completion="    return n * 2")})
    assert filters.chain(["contaminated"], evaluation=EVALUATION)(problem, graded) == "contaminated-solution"
