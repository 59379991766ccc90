import ast
import random

from codekiln import demo
from codekiln.code.mutation.ast_operators import OPERATORS, mutants
from codekiln.code.mutation.proof import classify_many
from codekiln.code.rewrite.styles import variants
from codekiln.data.records import Sample
from codekiln.sandbox.grading import grade_samples
from tests.code.mutation.programs import AVERAGE, small_functions

LOOP = """
def f(xs, k):
    total = 0
    i = 0
    while i < len(xs):
        x = xs[i]
        i += 1
        if x > k and not x % 2 == 0:
            total += x * -k
    for x in xs:
        total = max(total, x)
    return total
"""


def test_mutants_parse_and_differ_from_the_program_and_from_each_other() -> None:
    found = [text for _, text in mutants(LOOP, random.Random(0), 100)]
    trees = {ast.dump(ast.parse(text)) for text in found}
    assert len(trees) == len(found) > 20
    assert ast.dump(ast.parse(LOOP)) not in trees


def test_mutants_are_bounded_and_depend_on_the_seed_only() -> None:
    assert len(mutants(LOOP, random.Random(0), 5)) == 5
    assert mutants(LOOP, random.Random(3), 8) == mutants(LOOP, random.Random(3), 8)
    assert mutants(LOOP, random.Random(3), 8) != mutants(LOOP, random.Random(4), 8)


def test_many_kinds_come_before_any_comes_twice() -> None:
    kinds = [kind for kind, _ in mutants(LOOP, random.Random(1), 9)]
    assert len(set(kinds)) >= 8


def test_every_operator_says_what_it_does_and_who_reported_it() -> None:
    for name, (kind, _) in OPERATORS.items():
        assert kind.name == name
        assert kind.intended == "logical"
        assert kind.describe.endswith(".")
        assert kind.source


def test_every_operator_makes_its_error() -> None:
    programs = [LOOP, AVERAGE, "def f(xs, y=None):\n    return sorted([x or not y for x in xs if x is True], key=max)"]
    programs += ["def f(xs):\n    for x in xs:\n        print(x if x else 1)\n        print(x)\n    return xs"]
    found = {kind for code in programs for kind, _ in mutants(code, random.Random(0), 1000)}
    assert found == set(OPERATORS)


def test_the_proof_finds_most_mutants_logical_and_none_a_syntax_error() -> None:
    jobs = [
        (code, text, trials) for code, trials in small_functions(4) for _, text in mutants(code, random.Random(0), 4)
    ]
    classes = classify_many(jobs, workers=2)
    assert "syntax" not in classes
    assert classes.count("logical") > 0.6 * len(jobs) > 20


def test_mutants_leave_the_end_of_while_loops_alone() -> None:
    for _, text in mutants(LOOP, random.Random(0), 1000):
        assert "while i < len(xs):" in text
        assert "i += 1" in text


def test_code_without_anything_to_break_has_no_mutants() -> None:
    assert mutants("def f():\n    return None", random.Random(0), 5) == []


def test_tests_of_the_tiny_problems_kill_most_mutants() -> None:
    rng = random.Random(0)
    jobs = []
    for problem in demo.problems("eval", count=60):
        for style in ("concise", "loop"):
            found = mutants(variants(problem.reference)[style], rng, 4)
            jobs += [(problem, Sample(task_id=problem.task_id, solution=text)) for _, text in found]
    verdicts = grade_samples(jobs, workers=2, label="grade mutants")
    survived = sum(verdict.passed for verdict in verdicts)
    assert len(jobs) > 300
    assert survived < 0.2 * len(jobs)
    assert not any(verdict.status == "timeout" for verdict in verdicts)
