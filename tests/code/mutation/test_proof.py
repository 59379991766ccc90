import random
from collections import Counter, defaultdict

import pytest

from codekiln.code.mutation import apply, kinds, mutations
from codekiln.code.mutation.proof import Trials, classify, classify_many
from codekiln.errors import InputError
from codekiln.sandbox import Limits
from tests.code.mutation.programs import FUNCTIONS, SCRIPT, small_functions

LIMITS = Limits(cpu_seconds=1, wall_seconds=5.0)
DIVIDE = "def f(x):\n    return 12 / x\n"
ASK = "n = int(input())\nprint(n + 1)\n"


def shown(correct: str, changed: list[str], trials: Trials) -> list[str | None]:
    return classify(correct, changed, trials, workers=2, limits=LIMITS)


def test_calls_show_all_three_classes() -> None:
    changed = [
        "def f(x)\n    return 12 / x\n",
        "def f(x):\n    return 12 / y\n",
        "def f(y):\n    return 12 // x\n",
        "def f(x):\n    return 12 // x\n",
        "def f(x):\n    return 12.0 / x\n",
        "def g(x):\n    return 12 / x\n",
    ]
    trials = Trials(calls=("f(4)", "f(0)"))
    assert shown(DIVIDE, changed, trials) == ["syntax", "runtime", "runtime", "logical", None, "runtime"]


def test_calls_that_fail_in_the_correct_program_are_not_used() -> None:
    assert shown(DIVIDE, ["def f(x):\n    return 1 / x if x else g\n"], Trials(calls=("f(0)",))) == [None]
    assert shown("def f(:\n", [DIVIDE], Trials(calls=("f(1)",))) == [None]
    assert shown("x = y\n", ["x = 1 / 0\n", "def\n"], Trials(calls=("1",))) == [None, "syntax"]


def test_calls_that_differ_from_run_to_run_are_not_used() -> None:
    correct = "import time\ndef f():\n    return time.perf_counter_ns()\ndef g():\n    return 1\n"
    changed = correct.replace("return 1", "return 2")
    trials = Trials(calls=("f()",))
    assert shown(correct, [changed, correct.replace("time.perf_counter_ns()", "0")], trials) == [None, None]
    assert shown(correct, [changed], Trials(calls=("f()", "g()"))) == ["logical"]


@pytest.mark.parametrize(
    ("value", "other", "verdict"),
    [
        ("1", "True", "logical"),
        ("1", "1.0", "logical"),
        ("[1, 2]", "(1, 2)", "logical"),
        ("{3, 1}", "{1, 3}", None),
        ("{3, 1}", "frozenset({1, 3})", "logical"),
        ("{1: 2, 3: 4}", "{3: 4, 1: 2}", None),
        ("{1: [2]}", "{1: [2.0]}", "logical"),
        ("0.1 + 0.2", "0.3", "logical"),
        ("0.0", "-0.0", "logical"),
        ("10 ** 5000", "10 ** 5000 + 1", "logical"),
        ("[10 ** 5000]", "[10 ** 5000]", None),
        ("float('nan')", "float('nan')", None),
        ("object()", "1", None),
        ("[1, object()]", "[2, object()]", None),
        ("[1]", "[object()]", None),
    ],
)
def test_values_are_compared_by_type_and_content(value: str, other: str, verdict: str | None) -> None:
    correct, changed = (f"def f():\n    return {text}\n" for text in (value, other))
    assert shown(correct, [changed], Trials(calls=("f()",))) == [verdict]


def test_a_call_with_a_result_that_is_no_plain_data_can_still_raise() -> None:
    correct = "def f():\n    return object()\n"
    assert shown(correct, ["def f():\n    return objct()\n"], Trials(calls=("f()",))) == ["runtime"]


def test_changed_arguments_are_seen_when_the_expression_shows_them() -> None:
    correct = "def f(xs):\n    xs.append(1)\n"
    trials = Trials(calls=("[f(x := []), x]",))
    assert shown(correct, ["def f(xs):\n    xs.append(2)\n", "def f(xs):\n    xs.add(1)\n"], trials) == [
        "logical",
        "runtime",
    ]


def test_setup_runs_before_the_calls() -> None:
    trials = Trials(calls=("f(k)",), setup="k = 3")
    assert shown(DIVIDE, ["def f(x):\n    return 11 / x\n"], trials) == ["logical"]


def test_a_hang_proves_nothing_unless_the_program_raised_before() -> None:
    hang = "def f(x):\n    while x == 2:\n        pass\n    return 12 / x\n"
    wrong_first = "def f(x):\n    while x == 2:\n        pass\n    return x\n"
    raises_first = "def f(x):\n    while x == 2:\n        pass\n    return 12 / y\n"
    assert shown(DIVIDE, [hang, wrong_first, raises_first], Trials(calls=("f(1)", "f(2)"))) == [None, None, "runtime"]


def test_scripts_show_all_three_classes() -> None:
    changed = [
        "n = int(input()\nprint(n + 1)\n",
        "n = input()\nprint(n + 1)\n",
        "n = int(input())\nprint(n - 1)\n",
        "n = int(input())\nprint(n + 1, '')\nprint()\n",
        "import sys\nn = int(input())\nprint(n + 1)\nsys.exit(3)\n",
    ]
    assert shown(ASK, changed, Trials(stdins=("3\n", "x\n"))) == ["syntax", "runtime", "logical", None, "logical"]


def test_a_script_that_asks_once_more_is_a_logical_error() -> None:
    changed = "n = int(input())\nm = input()\nprint(n + 1)\n"
    assert shown(ASK, [changed], Trials(stdins=("3\n",))) == ["logical"]
    assert shown(ASK, [changed], Trials(stdins=("3\n4\n",))) == [None]


def test_without_trials_only_loading_counts() -> None:
    assert shown("x = 1\n", ["x = \n", "x = y\n", "x = 2\n"], Trials()) == ["syntax", "runtime", None]


def test_many_jobs_keep_their_order() -> None:
    jobs = [(DIVIDE, DIVIDE.replace("12", str(n)), Trials(calls=(f"f({n + 1})",))) for n in (11, 12, 13)]
    assert classify_many(jobs, workers=2, limits=LIMITS) == ["logical", None, "logical"]
    assert classify_many([], workers=1, limits=LIMITS) == []


def test_calls_that_are_not_python_are_refused() -> None:
    with pytest.raises(InputError):
        classify(DIVIDE, [DIVIDE], Trials(calls=("f(",)), workers=1, limits=LIMITS)


def test_combined_errors_are_proven_one_by_one() -> None:
    code, trials = FUNCTIONS
    by_kind = {item.kind: item for item in mutations(code)}
    chosen = [by_kind[kind] for kind in ("missing-colon", "zero-divisor", "wrong-initial-value") if kind in by_kind]
    alone = [apply(code, [item]) for item in chosen]
    assert shown(code, [*alone, apply(code, chosen)], trials) == [item.intended for item in chosen] + ["syntax"]


def rates(programs: list[tuple[str, Trials]], each: int) -> dict[str, Counter]:
    """Return for every family how often it was seen to be of which class on some of its places in these programs."""
    rng = random.Random(0)
    jobs, names = [], []
    for code, trials in programs:
        places = defaultdict(list)
        for item in mutations(code, classes=("runtime", "logical")):
            places[item.kind].append(item)
        for kind, found in places.items():
            for item in rng.sample(found, min(each, len(found))):
                jobs.append((code, apply(code, [item]), trials))
                names.append(kind)
    seen: dict[str, Counter] = defaultdict(Counter)
    for kind, verdict in zip(names, classify_many(jobs, workers=2, limits=LIMITS), strict=True):
        seen[kind][verdict] += 1
    return seen


def agreement(seen: dict[str, Counter]) -> tuple[int, int]:
    """Return how many errors were of the class that their family aims at, and how many were seen at all."""
    hits = sum(counts[kinds()[kind].intended] for kind, counts in seen.items())
    return hits, sum(counts.total() - counts[None] for counts in seen.values())


def test_errors_are_mostly_of_the_class_they_aim_at() -> None:
    hits, total = agreement(rates([FUNCTIONS, SCRIPT], each=2))
    assert total > 80
    assert hits > 0.8 * total


@pytest.mark.slow
def test_every_family_mostly_does_what_it_aims_at_on_real_programs() -> None:
    seen = rates([*small_functions(25), FUNCTIONS, SCRIPT], each=3)
    hits, total = agreement(seen)
    assert hits > 0.85 * total
    for kind, counts in seen.items():
        shown_at_all = counts.total() - counts[None]
        if shown_at_all >= 10:
            assert counts[kinds()[kind].intended] >= 0.5 * shown_at_all, (kind, counts)
