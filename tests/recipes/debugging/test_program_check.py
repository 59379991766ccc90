"""A program is used only when it runs on its trials, twice alike; what is wrong with others is said."""

from dataclasses import replace

import pytest

from codekiln.recipes.debugging.input_search import MOST_INPUTS
from codekiln.recipes.debugging.input_search.instrumentation import reads_input
from codekiln.recipes.debugging.material import ExerciseMaterial
from codekiln.recipes.debugging.program_check import check_programs, needs_inputs
from codekiln.recipes.debugging.source import embedded
from codekiln.sandbox.limits import Limits
from codekiln.sandbox.observe import Run, observe
from tests.recipes.debugging.making import LIMITS, MATERIAL

BROKEN = {
    "does-not-parse": ("x = 1\nif x\n    print(x)\n", ("",), (), "line 2"),
    "wants-more-input": ("a = input()\nb = input()\nprint(a, b)", ("1\n2\n", "1\n"), (), "stdin 2 gives, in line 2"),
    "does-not-run": ("print(10 // int(input()))", ("5\n", "0\n"), (), "stdin 2: line 1: ZeroDivisionError"),
    "not-deterministic": ("import time\nprint(time.time_ns())", ("",), (), "does not do the same twice on stdin 1"),
    "call-raises": ("def f(x):\n    return 1 / x", (), ("f(2)", "f(0)"), "f(0) raises ZeroDivisionError"),
    "shows-nothing": ("x = 1", ("",), (), "prints nothing"),
    "input-unknown": ("x = input()\nassert sum(map(ord, x)) % 9973 == 9972", (), (), "none that was tried"),
}


def test_what_is_wrong_with_a_program_is_found_and_said():
    made = [
        ExerciseMaterial(reason, "d", program, stdins, calls) for reason, (program, stdins, calls, _) in BROKEN.items()
    ]
    proven, flaws = check_programs(made, limits=LIMITS)
    found = {flaw.material.name: flaw for flaw in flaws}
    assert proven == []
    assert found.keys() == BROKEN.keys()
    for reason, flaw in found.items():
        assert flaw.reason == reason
        assert BROKEN[reason][-1] in flaw.text


def test_an_endless_loop_is_stopped():
    program = ExerciseMaterial("m", "d", "while True:\n    pass", ("",))
    _, [flaw] = check_programs([program], limits=Limits(cpu_seconds=1, wall_seconds=2.0))
    assert (flaw.reason, "timeout" in flaw.text) == ("does-not-run", True)


def test_good_and_bad_are_told_apart_in_order():
    bad = replace(MATERIAL, name="bad", program="print(")
    proven, flaws = check_programs([MATERIAL, bad, replace(MATERIAL, name="again")], limits=LIMITS)
    assert [item.name for item in proven] == ["bill", "again"]
    assert [flaw.material.name for flaw in flaws] == ["bad"]


def test_every_shipped_exercise_runs_on_every_trial_to_the_same_result():
    proven, flaws = check_programs(embedded(), limits=LIMITS)
    assert [(flaw.material.name, flaw.text) for flaw in flaws] == []
    assert [item.name for item in proven] == [item.name for item in embedded()]
    assert not [item.name for item in embedded() if needs_inputs(item) and reads_input(item.program)]


@pytest.mark.slow
def test_the_inputs_of_a_shipped_exercise_show_different_things():
    runs = [(item, Run(item.program, stdin=text)) for item in embedded() for text in item.stdins]
    seen = observe([run for _, run in runs], limits=LIMITS)
    printed = {}
    for (item, _), one in zip(runs, seen, strict=True):
        printed.setdefault(item.name, []).append(one.printed)
    for name, texts in printed.items():
        assert len(set(texts)) >= max(2, len(texts) - 2), name


def test_inputs_are_guessed_for_programs_that_came_without():
    names = ("average-of-scores", "menu-order", "shopping-list", "robot-walk", "parcel-cost", "sum-of-digits")
    known = [replace(item, stdins=()) for item in embedded() if item.name in names]
    proven, flaws = check_programs(known, limits=LIMITS)
    assert not flaws
    for item in proven:
        assert 1 <= len(item.stdins) <= MOST_INPUTS
    runs = [Run(item.program, stdin=text) for item in proven for text in item.stdins]
    assert all(one.ending == "ended" for one in observe(runs, limits=LIMITS))


def test_a_program_that_reads_nothing_gets_the_empty_input():
    [found], _ = check_programs([ExerciseMaterial("m", "d", "print(1)")], limits=LIMITS)
    assert found.stdins == ("",)


def test_random_numbers_are_the_same_in_each_run_and_others_for_each_input():
    program = "import random\nimport time\ntime.sleep(60)\nprint(random.randint(1, 10**9))"
    [found], _ = check_programs([ExerciseMaterial("m", "d", program, ("", ""))], limits=LIMITS)
    first, second = (
        {one.printed for one in observe(found.trials.runs(text), limits=LIMITS)} for text in (program, program + "\n#")
    )
    assert first == second
    assert len(first) == 2


def test_a_program_that_draws_and_reads_nothing_is_run_with_several_seeds():
    program = 'import random\nif random.choice("ab") == "a":\n    print("one")\nelse:\n    print("two")'
    [found], _ = check_programs([ExerciseMaterial("m", "d", program)], limits=LIMITS)
    assert set(found.stdins) == {""}
    assert {one.printed for one in observe(found.trials.runs(program), limits=LIMITS)} == {"one\n", "two\n"}
