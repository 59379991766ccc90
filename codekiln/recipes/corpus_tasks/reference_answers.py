"""Reference answers built from the source itself, without a language model.

A summary is the docstring's first sentence; the description of a parameter is the docstring's sentence about it, or
else how the body uses it; a fix is the original with the explanation of the mutation; a unit test asserts what the
original returned in the sandbox.
"""

from collections.abc import Sequence

from codekiln.recipes.corpus_tasks.call_synthesis import MAX_YIELDED
from codekiln.recipes.corpus_tasks.docstring_facts import extract_facts, result_section
from codekiln.recipes.corpus_tasks.functions import Function
from codekiln.recipes.corpus_tasks.io_examples import IOExample
from codekiln.recipes.corpus_tasks.mutants import Mutant
from codekiln.recipes.corpus_tasks.prompts import fenced
from codekiln.recipes.corpus_tasks.type_inference import is_literal

_MAX_TESTS = 4
_MAX_EXAMPLE_CHARACTERS = 100


def docstring(function: Function) -> str | None:
    """Return a Google-style docstring in a code block, or None when the source has no summary."""
    facts = extract_facts(function)
    if not facts.summary:
        return None
    parts = [facts.summary]
    if facts.parameters:
        parts.append(_section("Args", [f"{name}{_typed(kind)}: {text}" for name, kind, text in facts.parameters]))
    if facts.result:
        parts.append(_section(result_section(function), [facts.result]))
    if facts.raises:
        parts.append(_section("Raises", [f"{name}: {_condition(when)}" for name, when in _merged(facts.raises)]))
    end = "\n" if len(parts) > 1 else ""
    return fenced('"""' + "\n\n".join(parts) + end + '"""')


def explanation(function: Function, io_examples: Sequence[IOExample] = ()) -> str | None:
    """Return an explanation in bullet points with an executed example, or None when the source has no summary."""
    facts = extract_facts(function)
    if not facts.summary:
        return None
    lines = [f"- **Purpose:** {facts.summary}"]
    lines += [f"- **Parameter** `{name}`{_typed(kind)}: {text}" for name, kind, text in facts.parameters]
    lines += [f"- **Behaviour:** {text}" for text in facts.steps]
    if facts.result:
        lines.append(f"- **{result_section(function)}:** {facts.result}")
    for name, when in _merged(facts.raises):
        lines.append(f"- **Raises** `{name}`{': ' + _condition(when) if when else '.'}")
    shown = next(filter(_is_short, io_examples), None)
    if shown:
        lines.append(f"- **Example:** `{shown.call.text}` gives `{shown.value!r}`.")
    return "\n".join(lines)


def fix(function: Function, mutant: Mutant) -> str:
    """Return the line and the explanation of the bug, followed by the original."""
    return f"The bug is in line {mutant.line}: {mutant.explanation}\n\n{fenced(function.text)}"


def completion(function: Function) -> str:
    """Return the function as its author wrote it."""
    return fenced(function.text)


def unit_tests(function: Function, io_examples: Sequence[IOExample]) -> str | None:
    """Return tests that assert what the original returned, or None when fewer than two examples have literal values."""
    usable = [item for item in io_examples if is_literal(repr(item.value)) and not _is_truncated(item)][:_MAX_TESTS]
    if len(usable) < 2:
        return None
    name = function.name.strip("_") or "function"
    return fenced("\n\n\n".join(_test(f"test_{name}_{number}", item) for number, item in enumerate(usable, start=1)))


def _test(name: str, example: IOExample) -> str:
    mutated = example.mutated_args
    # Arguments are bound to names only where the test has to look at them after the call.
    text = example.call.text if mutated else example.call.inlined
    lines = [f"arg_{index} = {value}" for index, value in enumerate(example.call.mutable_args)] if mutated else []
    lines.append(f"assert {f'list({text})' if example.is_generator else text} {_equals(example.result)}")
    lines += [f"assert arg_{index} == {value!r}" for index, value in mutated.items()]
    return "\n".join([f"def {name}():", *(f"    {line}" for line in lines)])


def _is_truncated(example: IOExample) -> bool:
    return example.is_generator and len(example.result) >= MAX_YIELDED


def _is_short(example: IOExample) -> bool:
    length = len(example.call.text) + len(repr(example.value))
    return not (example.call.mutable_args or example.is_generator) and length < _MAX_EXAMPLE_CHARACTERS


def _equals(value: object) -> str:
    # Singletons are compared by identity, as PEP 8 asks for; ``1 == True`` would also hold.
    return f"is {value!r}" if value is None or isinstance(value, bool) else f"== {value!r}"


def _section(title: str, entries: Sequence[str]) -> str:
    return "\n".join([f"{title}:", *(f"    {entry}" for entry in entries)])


def _typed(kind: str) -> str:
    return f" ({kind})" if kind else ""


def _condition(when: str) -> str:
    return f"If {when}." if when else "In the case the body tests for."


def _merged(raises: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return one entry per exception, with its conditions joined by ``or``."""
    found: dict[str, list[str]] = {}
    for name, when in raises:
        found.setdefault(name, []).extend([when] if when else [])
    return [(name, " or ".join(whens)) for name, whens in found.items()]
