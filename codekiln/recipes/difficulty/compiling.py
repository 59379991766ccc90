"""Runs none of whose programs compiles: the first errors, and what most likely went wrong."""

import re
from collections import Counter
from collections.abc import Sequence

from codekiln.data.fences import compiles
from codekiln.data.python_text import syntax_tree
from codekiln.data.records import Problem, Sample
from codekiln.data.text import first_line
from codekiln.errors import InputError

_SHOWN = 3
_CAUSES = (
    (
        re.compile(r"^(diff --git |--- a/|@@ -\d|\+\+\+ )", re.MULTILINE),
        "are diffs",
        "apply them, and give the whole programs",
    ),
    (
        re.compile(
            r"^\s*(#include|public class |package \w|func \w+\(|function \w+\(|fn \w+\(|const \w+ ?=)", re.MULTILINE
        ),
        "are in another language than Python",
        "give the run that wrote Python",
    ),
    (
        re.compile(r"\\n(    |\t|def |return )"),
        "have line ends written as \\n",
        "write each program as one JSON string",
    ),
    (re.compile(r"\A\s*\Z"), "are empty", "give the field that holds the replies"),
)
_PROSE = "are text, not programs"
_CUT = "end in the middle"
_CUT_FIX = "sample with more tokens, and take what the model wrote up to its end"
_UNKNOWN_FIX = "look at one in the file: it may be another field than the program"


def flaw_of_all(samples: Sequence[tuple[Problem, Sample]], where: str) -> InputError | None:
    """Return what is wrong with programs none of which compiles; None as soon as one does.

    Args:
        samples: Whole programs with their problems.
        where: The file that they are in.
    """
    texts = [(problem.task_id, sample.solution or "") for problem, sample in samples]
    if any(text.strip() and compiles(text) for _, text in texts):
        return None
    return flaw_of(texts, where)


def flaw_of(texts: Sequence[tuple[str, str]], where: str = "") -> InputError:
    """Return what is wrong with texts, of which none compiles, each with the name of its problem."""
    first = "; ".join(f"{task_id}: {_error(text)}" for task_id, text in texts[:_SHOWN])
    cause, fix = _likely_cause([text for _, text in texts])
    count = "its only program does not compile" if len(texts) == 1 else f"none of the {len(texts):,} programs compiles"
    return InputError(f"{count} ({first}); most {cause}", where=where, fix=fix)


def _likely_cause(texts: Sequence[str]) -> tuple[str, str]:
    (cause, fix), _ = Counter(map(_cause, texts)).most_common(1)[0]
    return cause, fix or _UNKNOWN_FIX


def _cause(text: str) -> tuple[str, str]:
    for pattern, cause, fix in _CAUSES:
        if pattern.search(text):
            return cause, fix
    lines = text.rstrip().split("\n")
    if any(compiles("\n".join(lines[:count])) for count in range(len(lines) - 1, max(0, len(lines) - 4), -1)):
        return _CUT, _CUT_FIX
    if re.search(r"never closed|unterminated|expected an indented block|EOF", _error(text)):
        return _CUT, _CUT_FIX
    if not re.search(r"^\s*(def|class|import|from|for|while|if|return|print)\b", text, re.MULTILINE):
        return _PROSE, "give the run that was asked for programs, or another field than this one"
    return "have other errors of syntax", _UNKNOWN_FIX


def _error(text: str) -> str:
    try:
        syntax_tree(text)
    except SyntaxError as error:
        line = (
            text.split("\n")[error.lineno - 1].strip() if error.lineno and error.lineno <= text.count("\n") + 1 else ""
        )
        return f"{error.msg} at line {error.lineno}" + (f", {first_line(line)[:60]!r}" if line else "")
    except (ValueError, RecursionError, MemoryError) as error:
        return str(error)
    return "is empty" if not text.strip() else "does not compile"
