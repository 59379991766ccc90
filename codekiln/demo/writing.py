"""A specification in words, as a program, and with tests."""

import ast
import random
from typing import Any

from codekiln.code.rewrite.render import render
from codekiln.data.records import CallTest, Problem
from codekiln.demo.family import Spec

HIDDEN_TESTS = 8
LARGEST = 10**7
OPERATORS = (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.AugAssign, ast.Compare)


def write(spec: Spec, seed: int) -> Problem | None:
    """Return ``spec`` as a problem, or None when it has no operator to measure or its tests would tell little."""
    rng = random.Random(f"{seed} {spec.group} {spec.constants}")
    tree = program(spec)
    if not any(isinstance(node, OPERATORS) for node in ast.walk(tree)):
        return None
    tests = _tests(spec, rng)
    if tests is None:
        return None
    shown = min(tests, key=_worth_showing)
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


def program(spec: Spec) -> ast.Module:
    """Return the reference: one expression over one comprehension."""
    source, (piece, constant) = spec.source, spec.mapping
    tested = source.tested or source.element
    tests = [f"({filter_.write(tested, value)})" for filter_, value in spec.filters]
    clause = source.clause
    if tests:
        joined = f" {spec.joint} ".join(tests)
        clause += f" and ({joined})" if " if " in clause else f" if {joined}"
    value = f"({piece.write(source.element, constant)})"
    items = f"{source.key}: {value} {clause}" if source.key else f"{value} {clause}"
    body = spec.reduction.code.format(items=items)
    imports = sorted({part.imports for part in (source, piece, spec.reduction)} - {""})
    lines = [*imports, f"def {_name(spec)}({', '.join(source.parameters)}):", f"    return {body}"]
    return ast.parse("\n".join(lines))


def _name(spec: Spec) -> str:
    return f"{spec.reduction.name}_{spec.source.name}"


def _prompt(spec: Spec, rng: random.Random) -> str:
    signature = f"{_name(spec)}({', '.join(spec.source.parameters)})"
    kept = f" {spec.joint} ".join(piece.say(constant) for piece, constant in spec.filters)
    mapped = spec.mapping[0].say(spec.mapping[1])
    phrase, result = spec.source.phrase, spec.reduction.phrase
    if spec.reduction.takes == "bool":
        return rng.choice((_asked, _asked_in_steps))(signature, phrase, kept, mapped, result)
    return rng.choice((_sentence, _steps))(signature, phrase, kept, mapped, result)


def _sentence(signature: str, phrase: str, kept: str, mapped: str, result: str) -> str:
    limited = f" that are {kept}" if kept else ""
    changed = f", each {mapped}" if mapped else ""
    return f"Write a function {signature} that returns {result} of {phrase}{limited}{changed}."


def _steps(signature: str, phrase: str, kept: str, mapped: str, result: str) -> str:
    limited = f" Keep those that are {kept}." if kept else ""
    changed = f" Have each {mapped}." if mapped else ""
    return f"Define {signature}. Take {phrase}.{limited}{changed} Return {result}."


def _asked(signature: str, phrase: str, kept: str, mapped: str, result: str) -> str:
    limited = f" that are {kept}" if kept else ""
    return f"Write a function {signature} that tells {result} of {phrase}{limited} are {mapped}."


def _asked_in_steps(signature: str, phrase: str, kept: str, mapped: str, result: str) -> str:
    limited = f" Keep those that are {kept}." if kept else ""
    return f"Define {signature}. Take {phrase}.{limited} Tell {result} are {mapped}."


def _tests(spec: Spec, rng: random.Random) -> list[CallTest] | None:
    found: dict[str, CallTest] = {}
    for _ in range(6 * HIDDEN_TESTS):
        arguments = spec.source.make(rng, spec.constants)
        expect = spec.evaluate(arguments)
        if repr(arguments) not in found and not _huge(expect):
            found[repr(arguments)] = CallTest(call=arguments, expect=expect)
        if len(found) == HIDDEN_TESTS + 1:
            return list(found.values()) if _telling(list(found.values())) else None
    return None


def _telling(tests: list[CallTest]) -> bool:
    answers = [repr(test.expect) for test in tests]
    most = max(answers.count(answer) for answer in answers)
    return most <= len(tests) * (0.7 if len(set(answers)) == 2 else 0.5)


def _worth_showing(test: CallTest) -> tuple:
    size = len(repr((test.call, test.expect)))
    return all(not argument or argument == 1 for argument in test.call), not test.expect, abs(size - 24)


def _huge(value: Any) -> bool:
    return any(abs(item) > LARGEST for item in (value if isinstance(value, list) else [value]) if isinstance(item, int))
