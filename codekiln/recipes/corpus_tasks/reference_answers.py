"""Replies that the source itself gives, without anybody's help: the author's words, facts of the syntax, proven values.

Nothing in them is made up. A summary is the docstring's first sentence; what is said of a parameter is the sentence of
the docstring that names it, or else how the body uses it; a fix is the original with the mutation's own explanation;
a test states what the original returned in the sandbox.
"""

from collections.abc import Sequence

from codekiln.recipes.corpus_tasks.call_synthesis import CUT
from codekiln.recipes.corpus_tasks.docstring_facts import facts, gives
from codekiln.recipes.corpus_tasks.functions import Function
from codekiln.recipes.corpus_tasks.prompts import fenced
from codekiln.recipes.corpus_tasks.trials import Trial
from codekiln.recipes.corpus_tasks.type_inference import is_literal

_TESTS = 4
_LINE = 100


def docstring(function: Function) -> str | None:
    """Return a Google-style docstring in a code block, or None without a summary by the author."""
    told = facts(function)
    if not told.summary:
        return None
    parts = [told.summary]
    if told.parameters:
        parts.append(_section("Args", [f"{name}{_typed(kind)}: {text}" for name, kind, text in told.parameters]))
    if told.result:
        parts.append(_section(gives(function), [told.result]))
    if told.raises:
        parts.append(_section("Raises", [f"{name}: {_condition(when)}" for name, when in _merged(told.raises)]))
    end = "\n" if len(parts) > 1 else ""
    return fenced('"""' + "\n\n".join(parts) + end + '"""')


def explanation(function: Function, trials: Sequence[Trial] = ()) -> str | None:
    """Return an explanation in bullet points, with a proven example, or None without a summary by the author."""
    told = facts(function)
    if not told.summary:
        return None
    lines = [f"- **Purpose:** {told.summary}"]
    lines += [f"- **Parameter** `{name}`{_typed(kind)}: {text}" for name, kind, text in told.parameters]
    lines += [f"- **Behaviour:** {text}" for text in told.steps]
    if told.result:
        lines.append(f"- **{gives(function)}:** {told.result}")
    lines += [f"- **Raises** `{name}`{': ' + _condition(when) if when else '.'}" for name, when in _merged(told.raises)]
    short = [trial for trial in trials if not (trial.call.changing or trial.lazy) and _length(trial) < _LINE]
    lines += [f"- **Example:** `{trial.call.text}` gives `{trial.value!r}`." for trial in short[:1]]
    return "\n".join(lines)


def fix(function: Function, line: int, why: str) -> str:
    """Return what was wrong, with its line in the code that was shown, and the original."""
    return f"The bug is in line {line}: {why}\n\n{fenced(function.text)}"


def completion(function: Function) -> str:
    """Return the function as its author wrote it."""
    return fenced(function.text)


def tests(function: Function, trials: Sequence[Trial]) -> str | None:
    """Return tests that state what the original gave, or None when under two values can be written down."""
    written = [trial for trial in trials if is_literal(repr(trial.value)) and not _is_endless(trial)][:_TESTS]
    if len(written) < 2:
        return None
    name = function.name.strip("_") or "function"
    return fenced("\n\n\n".join(_test(f"test_{name}_{number}", trial) for number, trial in enumerate(written, start=1)))


def _test(name: str, trial: Trial) -> str:
    result, *after = trial.value if trial.call.changing else [trial.value]
    changed = [index for index, value in enumerate(after) if repr(value) != trial.call.changing[index]]
    text = trial.call.text if changed else trial.call.whole
    lines = [f"arg_{index} = {value}" for index, value in enumerate(trial.call.changing)] if changed else []
    lines.append(f"assert {f'list({text})' if trial.lazy else text} {_equals(result)}")
    lines += [f"assert arg_{index} == {after[index]!r}" for index in changed]
    return "\n".join([f"def {name}():", *(f"    {line}" for line in lines)])


def _is_endless(trial: Trial) -> bool:
    items = trial.value[0] if trial.call.changing else trial.value
    return trial.lazy and len(items) >= CUT


def _length(trial: Trial) -> int:
    return len(trial.call.text) + len(repr(trial.value))


def _equals(value: object) -> str:
    return f"is {value!r}" if value is None or isinstance(value, bool) else f"== {value!r}"


def _section(title: str, entries: Sequence[str]) -> str:
    return "\n".join([f"{title}:", *(f"    {entry}" for entry in entries)])


def _typed(kind: str) -> str:
    return f" ({kind})" if kind else ""


def _condition(when: str) -> str:
    return f"If {when}." if when else "In the case the body tests for."


def _merged(raises: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return one entry per exception, its conditions joined."""
    found: dict[str, list[str]] = {}
    for name, when in raises:
        found.setdefault(name, []).extend([when] if when else [])
    return [(name, " or ".join(whens)) for name, whens in found.items()]
