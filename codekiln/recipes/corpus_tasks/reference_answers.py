"""Reference answers built from the source itself, without a language model.

A summary is the docstring's first sentence; parameters, results and exceptions are described in the author's words, and
there is no reply where the author has none; a fix is the original with the explanation of the mutation; a unit test
asserts what the original returned or raised in the sandbox.
"""

import re
from collections import Counter
from collections.abc import Sequence

from codekiln.recipes.corpus_tasks.call_synthesis import MAX_YIELDED
from codekiln.recipes.corpus_tasks.docstring_facts import FunctionFacts, extract_facts, result_section
from codekiln.recipes.corpus_tasks.docstrings import DocumentedValue
from codekiln.recipes.corpus_tasks.edit_replies import write_edits
from codekiln.recipes.corpus_tasks.functions import Function
from codekiln.recipes.corpus_tasks.io_examples import IOExample
from codekiln.recipes.corpus_tasks.mutants import Mutant
from codekiln.recipes.corpus_tasks.prompts import ReplyForm
from codekiln.recipes.corpus_tasks.reply_parser import fenced
from codekiln.recipes.corpus_tasks.type_inference import is_literal

_MAX_TESTS = 4


def docstring(function: Function) -> str | None:
    """Return a Google-style docstring in a code block, or None where the source does not say all that belongs in it.

    That is a summary, and a description of each parameter, of the result and of each exception.
    """
    facts = extract_facts(function)
    if not _is_complete(function, facts):
        return None
    parts = [facts.summary]
    if facts.parameters:
        parts.append(
            _section("Args", [f"{item.name}{_typed(item.type)}: {item.described}" for item in facts.parameters])
        )
    if facts.results:
        parts.append(_section(result_section(function), [*map(_result, facts.results)]))
    if facts.raises:
        parts.append(_section("Raises", [f"{name}: {when}" for name, when in facts.raises]))
    end = "\n" if len(parts) > 1 else ""
    return fenced('"""' + "\n\n".join(parts) + end + '"""')


def explanation(function: Function, io_examples: Sequence[IOExample] = ()) -> str | None:
    """Return an explanation in bullet points with an executed example, or None where the source does not say enough.

    That is a summary, a description of each parameter, and two facts about the behaviour.
    """
    facts = extract_facts(function)
    behaviour = [*facts.behaviour, *facts.steps]
    lines = [
        f"- **Parameter** `{item.name}`{_typed(item.type)}: {item.described}" for item in facts.parameters if item.text
    ]
    lines += [f"- **Behaviour:** {text}" for text in behaviour]
    # A result that the summary states is not repeated.
    lines += [
        f"- **{result_section(function)}:** {_result(item)}" for item in facts.results if not _repeats(item, facts)
    ]
    lines += [
        f"- **Raises** `{name}`: {when}"
        for name, when in facts.raises
        if when and f"`{name}`" not in " ".join(behaviour)
    ]
    if not facts.summary or len(behaviour) + len(facts.results) < 2 or not all(item.text for item in facts.parameters):
        return None
    shown = next((item for item in io_examples if item.can_be_quoted and not item.raises), None)
    if shown:
        lines.append(f"- **Example:** `{shown.shown_call}` gives `{shown.result!r}`.")
    return "\n".join([f"- **Purpose:** {facts.summary}", *lines])


def _is_complete(function: Function, facts: FunctionFacts) -> bool:
    is_told = bool(facts.results) or not result_section(function)
    return (
        bool(facts.summary)
        and is_told
        and all(item.text for item in facts.parameters)
        and all(when for _, when in facts.raises)
    )


def _repeats(result: DocumentedValue, facts: FunctionFacts) -> bool:
    return result.text.lower().rstrip(".") in facts.summary.lower()


def _result(item: DocumentedValue) -> str:
    kind = item.type if not item.name else f"{item.name} ({item.type})" if item.type else item.name
    return f"{kind}: {item.text}" if kind else item.text


def fix(function: Function, mutant: Mutant, form: ReplyForm = "program") -> str:
    """Return the line and the explanation of the bug, followed by the original or by the edits that restore it."""
    fixed = write_edits(mutant.text, function.text) if form == "edits" else fenced(function.text)
    return f"The bug is in line {mutant.line}: {mutant.explanation}\n\n{fixed}"


def completion(function: Function) -> str:
    """Return the function as its author wrote it."""
    return fenced(function.text)


def unit_tests(function: Function, io_examples: Sequence[IOExample]) -> str | None:
    """Return tests that assert what the original returned or raised.

    None where fewer than two can be written, or where all calls end alike or have a part in common: a constant would
    pass.
    """
    usable = [item for item in io_examples if is_testable(item)]
    raising = [item for item in usable if item.raises][:1]
    returning = [item for item in usable if not item.raises]
    # Calls that give an argument back unchanged say least of what the function does.
    returning = _varied(sorted(returning, key=_gives_back))[: _MAX_TESTS - len(raising)]
    if len(returning) < 2 or sum(map(_gives_back, returning)) > 1:
        return None
    if not raising and not any(item.mutated_args for item in returning) and len({*map(_key, returning)}) < 2:
        return None
    if _has_constant_part([item.result for item in returning]):
        return None
    name = function.name.strip("_") or "function"
    tests = [_test(f"test_{name}_{number}", item) for number, item in enumerate(returning, start=1)]
    tests += [_raising_test(f"test_{name}_raises_{_snake(item.raises)}", item) for item in raising]
    return fenced("\n\n\n".join([*(["import pytest"] if raising else []), *tests]))


def _varied(examples: Sequence[IOExample]) -> list[IOExample]:
    """Return examples so that each result comes once before any comes twice."""
    before: Counter[str] = Counter()
    turns: list[int] = []
    for item in examples:
        turns.append(before[_key(item)])
        before[_key(item)] += 1
    return [item for _, item in sorted(zip(turns, examples, strict=True), key=lambda pair: pair[0])]


def _key(example: IOExample) -> str:
    return repr(example.result)


def is_testable(example: IOExample) -> bool:
    """Tell whether a test can state an example: known types, and a value that can be written."""
    return example.is_shown and (bool(example.raises) or is_literal(repr(example.value)) and not _is_truncated(example))


def _gives_back(example: IOExample) -> bool:
    """Tell whether a result is an argument, or made of what arguments begin with: it shows least of a function."""
    result, arguments = example.result, example.call.inlined
    if isinstance(result, tuple | list) and any(result) and all(isinstance(part, str | bytes) for part in result):
        return all(repr(part)[:-1] in arguments for part in result)
    value = repr(result)
    if isinstance(result, str | bytes):
        return bool(result) and value[:-1] in arguments
    return not isinstance(result, bool | None) and len(value) > 2 and value in arguments


def _has_constant_part(results: Sequence[object]) -> bool:
    """Tell whether results are tuples of one length that are all equal at some place."""
    rows = [result for result in results if isinstance(result, tuple)]
    if len(rows) < len(results) or len({*map(len, rows)}) != 1:
        return False
    return any(len({*map(repr, column)}) == 1 for column in zip(*rows, strict=True))


def _test(name: str, example: IOExample) -> str:
    mutated = example.mutated_args
    # Arguments are bound to names only where the test has to look at them after the call.
    text = example.call.text if mutated else example.call.inlined
    lines = [f"arg_{index} = {value}" for index, value in enumerate(example.call.mutable_args)] if mutated else []
    lines += example.call.setup.split("\n") if example.call.setup else []
    lines.append(f"assert {f'list({text})' if example.is_generator else text} {_equals(example.result)}")
    lines += [f"assert arg_{index} == {value!r}" for index, value in mutated.items()]
    return "\n".join([f"def {name}():", *(f"    {line}" for line in lines)])


def _raising_test(name: str, example: IOExample) -> str:
    text = f"list({example.call.inlined})" if example.is_generator else example.call.inlined
    setup = [f"    {line}" for line in example.call.setup.split("\n") if line]
    return "\n".join([f"def {name}():", *setup, f"    with pytest.raises({example.raises}):", f"        {text}"])


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _is_truncated(example: IOExample) -> bool:
    return example.is_generator and len(example.result) >= MAX_YIELDED


def _equals(value: object) -> str:
    # Singletons are compared by identity, as PEP 8 asks for; ``1 == True`` would also hold.
    return f"is {value!r}" if value is None or isinstance(value, bool) else f"== {value!r}"


def _section(title: str, entries: Sequence[str]) -> str:
    return "\n".join([f"{title}:", *(f"    {entry}" for entry in entries)])


def _typed(kind: str) -> str:
    return f" ({kind})" if kind else ""
