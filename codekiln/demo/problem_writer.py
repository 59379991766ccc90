"""Turns a task specification into a problem: a prompt in words, a reference program, and tests."""

import ast
import random
from typing import Any

from codekiln.code.rewrite.render import render
from codekiln.data.python_text import syntax_tree
from codekiln.data.records import CallTest, Problem
from codekiln.demo.task_family import TaskSpec

HIDDEN_TESTS = 8
LARGEST = 10**7
OPERATORS = (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.AugAssign, ast.Compare)


def write_problem(spec: TaskSpec, seed: int) -> Problem | None:
    """Return ``spec`` as a problem; None where it has no operator to measure or tests that hardly discriminate."""
    rng = random.Random(f"{seed} {spec.group} {spec.constants}")
    tree = program(spec)
    if not any(isinstance(node, OPERATORS) for node in ast.walk(tree)):
        return None
    tests = _tests(spec, rng)
    if tests is None:
        return None
    shown = min(tests, key=_example_order)
    hidden = tuple(test for test in tests if test is not shown)
    return Problem(
        task_id="",
        prompt=_prompt(spec, rng),
        entry_point=_name(spec),
        tests=hidden,
        visible_tests=(shown,),
        reference=render(tree),
        difficulty=("easy", "medium", "hard")[min(2, len(spec.filters) + (spec.mapping[0].name != "same") - 1)],
        group=spec.group,
        source="codekiln/tiny",
        licence="Apache-2.0",
    )


def program(spec: TaskSpec) -> ast.Module:
    """Return the reference: one expression over one comprehension."""
    source, (operation, constant) = spec.source, spec.mapping
    tested = source.tested or source.element
    tests = [f"({filter_.expression(tested, value)})" for filter_, value in spec.filters]
    clause = source.clause
    if tests:
        joined = f" {spec.joint} ".join(tests)
        clause += f" and ({joined})" if " if " in clause else f" if {joined}"
    value = f"({operation.expression(source.element, constant)})"
    items = f"{source.key}: {value} {clause}" if source.key else f"{value} {clause}"
    body = spec.reduction.code.format(items=items)
    imports = sorted({part.imports for part in (source, operation, spec.reduction)} - {""})
    lines = [*imports, f"def {_name(spec)}({', '.join(source.parameters)}):", f"    return {body}"]
    return syntax_tree("\n".join(lines))


def _name(spec: TaskSpec) -> str:
    return f"{spec.reduction.name}_{spec.source.name}"


def _prompt(spec: TaskSpec, rng: random.Random) -> str:
    signature = f"{_name(spec)}({', '.join(spec.source.parameters)})"
    kept = f" {spec.joint} ".join(operation.words(constant) for operation, constant in spec.filters)
    mapped = spec.mapping[0].words(spec.mapping[1])
    phrase, result = spec.source.phrase, spec.reduction.phrase
    if spec.reduction.takes == "bool":
        return rng.choice((_question, _question_in_steps))(signature, phrase, kept, mapped, result)
    return rng.choice((_sentence, _steps))(signature, phrase, kept, mapped, result)


def _sentence(signature: str, phrase: str, kept: str, mapped: str, result: str) -> str:
    limited = f" that are {kept}" if kept else ""
    changed = f", each {mapped}" if mapped else ""
    return f"Write a function {signature} that returns {result} of {phrase}{limited}{changed}."


def _steps(signature: str, phrase: str, kept: str, mapped: str, result: str) -> str:
    limited = f" Keep those that are {kept}." if kept else ""
    changed = f" Have each {mapped}." if mapped else ""
    return f"Define {signature}. Take {phrase}.{limited}{changed} Return {result}."


def _question(signature: str, phrase: str, kept: str, mapped: str, result: str) -> str:
    limited = f" that are {kept}" if kept else ""
    return f"Write a function {signature} that tells {result} of {phrase}{limited} are {mapped}."


def _question_in_steps(signature: str, phrase: str, kept: str, mapped: str, result: str) -> str:
    limited = f" Keep those that are {kept}." if kept else ""
    return f"Define {signature}. Take {phrase}.{limited} Tell {result} are {mapped}."


def _tests(spec: TaskSpec, rng: random.Random) -> list[CallTest] | None:
    found: dict[str, CallTest] = {}
    for _ in range(6 * HIDDEN_TESTS):
        arguments = spec.source.make(rng, spec.constants)
        expect = spec.evaluate(arguments)
        if repr(arguments) not in found and not _is_huge(expect):
            found[repr(arguments)] = CallTest(call=arguments, expect=expect)
        if len(found) == HIDDEN_TESTS + 1:
            return list(found.values()) if _discriminate(list(found.values())) else None
    return None


def _discriminate(tests: list[CallTest]) -> bool:
    answers = [repr(test.expect) for test in tests]
    most = max(answers.count(answer) for answer in answers)
    return most <= len(tests) * (0.7 if len(set(answers)) == 2 else 0.5)


def _example_order(test: CallTest) -> tuple[bool, bool, int]:
    """Return a sort key: as the visible example, neither trivial arguments nor an empty result, and a medium length."""
    size = len(repr((test.call, test.expect)))
    return all(not argument or argument == 1 for argument in test.call), not test.expect, abs(size - 24)


def _is_huge(value: Any) -> bool:
    return any(abs(item) > LARGEST for item in (value if isinstance(value, list) else [value]) if isinstance(item, int))
