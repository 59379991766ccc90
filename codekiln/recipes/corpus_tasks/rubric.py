"""Rubric for replies: the elements that a reply of each category should have.

Required elements decide whether a reply passes; the share of all elements is its style score. The elements follow the
published evaluation and close its loopholes: repeating the question passes nothing, words inside code do not count as
prose, a body must do something, an assertion must be able to fail, and tests must call the function. The rubric checks
form only; `functional_correctness` runs the code.
"""

import ast
import difflib
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from codekiln.data.records import Problem
from codekiln.recipes.corpus_tasks.functions import last_line
from codekiln.recipes.corpus_tasks.reply_parser import ParsedReply, parameter_names, parse_program, same_program

# Words of which an explanation of a bug needs at least one.
_BUG_WORDS = re.compile(
    r"\b(bugs?|bugg\w+|fix\w*|errors?|wrong\w*|incorrect\w*|mistakes?|should|instead|missing)\b", re.I
)
_BULLET = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+\S", re.MULTILINE)
_BOLD = re.compile(r"\*\*[^*\n]+\*\*|^#+ \S", re.MULTILINE)
_MAX_LINE = 120
_MAX_TEST_LINES = 12
_RUN = 4
"""Words in a run, by which repetition is measured."""


class Element(NamedTuple):
    """One element of the rubric, checked on a reply.

    Attributes:
        name: Short kebab-case name.
        present: Whether the reply has it.
        required: Whether a reply without it fails.
        complaint: What is wrong with a reply without it.
    """

    name: str
    present: bool
    required: bool
    complaint: str


class _Task(NamedTuple):
    """The part of a task's grading context that the rubric uses."""

    prompt: str
    shown: str
    name: str
    parameters: list[str]
    result_section: str
    raises: list[str]
    bug_line: int


def apply_rubric(problem: Problem, text: str) -> list[Element]:
    """Return every element of the rubric of a problem's category, checked on a reply."""
    context: dict[str, Any] = problem.grading_context
    task = _Task(
        problem.prompt, context["shown"], context["name"], context["parameters"], context["gives"], context["raises"],
        context.get("bug_line", 0),
    )  # fmt: skip
    return list(_RUBRICS[context["category"]](task, ParsedReply(text)))


def _docstring(task: _Task, reply: ParsedReply) -> Iterator[Element]:
    found = _docstring_in(reply, task.name)
    lines = [line.strip() for line in (found or "").strip().split("\n")]
    documented = _entries(lines, "Args")
    summary = lines[0]
    yield Element("triple-quotes", found is not None, True, "there is no docstring in triple quotes")
    is_summary = len(re.findall(r"[A-Za-z]{2,}", summary)) >= 3 and not summary.endswith(":")
    yield Element("summary", is_summary, True, "its first line is no summary")
    is_complete = all(name.lstrip("*") in documented for name in task.parameters)
    yield Element("args", is_complete, True, "there is no Args section that names every parameter")
    is_unchanged = reply.definition(task.name) is None or (
        _is_alone(reply) and same_program(reply.definition_source(task.name), task.shown)
    )
    yield Element("code-unchanged", is_unchanged, True, "it comes with other code than was shown")
    yield Element("full-stop", summary.endswith((".", "!", "?")), False, "the summary does not end in a full stop")
    yield Element("short-summary", 0 < len(summary) <= _MAX_LINE, False, "the summary is long")
    has_result = not task.result_section or any(line.startswith(f"{task.result_section}:") for line in lines)
    yield Element("result", has_result, False, f"there is no {task.result_section} section")
    names_raises = all(any(name in line for line in lines) for name in task.raises)
    yield Element("raises", names_raises, False, "an exception it raises is not named")


def _explain(task: _Task, reply: ParsedReply) -> Iterator[Element]:
    words = reply.words
    bullets = len(_BULLET.findall(reply.prose))
    yield Element("words", len(words) >= 20, True, "it has under 20 words of prose")
    is_varied = len(set(words)) >= 12 and len(set(_runs(words))) > 0.6 * len(_runs(words))
    yield Element("variety", is_varied, True, "it repeats itself")
    is_structured = bullets >= 2 or len(_BOLD.findall(reply.prose)) >= 2
    yield Element("structure", is_structured, True, "it has neither bullet points nor bold words")
    missing = [name for name in task.parameters if not _has_word(reply.prose, name.lstrip("*"))]
    yield Element("parameters", not missing, True, f"it does not name {', '.join(missing)}")
    yield Element("own-words", not _is_echo(reply.prose, task.prompt), True, "it repeats the question")
    yield Element("bullets", bullets >= 3, False, "it has under three bullet points")
    yield Element("length", len(words) <= 400, False, "it has over 400 words")
    has_result = not task.result_section or re.search(r"return|yield|give|result", reply.prose, re.I) is not None
    yield Element("result", has_result, False, "it does not say what it returns")
    names_raises = all(name in reply.prose for name in task.raises)
    yield Element("raises", names_raises, False, "an exception it raises is not named")


def _bugfix(task: _Task, reply: ParsedReply) -> Iterator[Element]:
    yield from _definition(task, reply)
    is_changed = reply.definition(task.name) is not None and not same_program(
        reply.definition_source(task.name), task.shown
    )
    yield Element("changed", is_changed, True, "the function is the one with the bug")
    names_bug = _BUG_WORDS.search(reply.prose) and len(reply.words) >= 4 and not _is_echo(reply.prose, task.prompt)
    yield Element("names-the-bug", bool(names_bug), True, "no sentence outside the code says what was wrong")
    yield Element("one-block", len(reply.blocks) == 1, False, "it has several code blocks")
    names_place = re.search(rf"\bline {task.bug_line}\b", reply.prose) or "`" in reply.prose
    yield Element("place", bool(names_place), False, "it does not say where the bug is")
    yield Element("short", len(reply.words) <= 120, False, "it has over 120 words of prose")
    yield Element("small-change", _changed_lines(task.shown, reply.code) <= 3, False, "over three lines are changed")


def _complete(task: _Task, reply: ParsedReply) -> Iterator[Element]:
    yield from _definition(task, reply)
    definition = reply.definition(task.name)
    yield Element("body", definition is not None and not _is_empty(definition.body), True, "the body does nothing")
    yield Element("one-block", len(reply.blocks) == 1, False, "it has several code blocks")
    has_docstring = definition is not None and bool(ast.get_docstring(definition))
    yield Element("docstring", has_docstring, False, "the docstring is missing")
    yield Element("short", len(reply.words) <= 60, False, "it has over 60 words of prose")
    is_narrow = all(len(line) <= _MAX_LINE for line in reply.code.split("\n"))
    yield Element("line-length", is_narrow, False, f"a line has over {_MAX_LINE} characters")


def _unit_test(task: _Task, reply: ParsedReply) -> Iterator[Element]:
    yield Element("block", bool(reply.blocks), True, "there is no code block")
    yield Element("parses", reply.tree is not None, True, "its code does not compile")
    tests = collected_tests(reply)
    yield Element("tests", bool(tests), True, "there is no function test_...")
    can_fail = bool(tests) and all(any(map(_can_fail, ast.walk(test))) for _, test in tests)
    yield Element("asserts", can_fail, True, "a test has no assertion that could fail")
    is_called = any(_calls(test, task.name) for _, test in tests)
    yield Element("calls", is_called, True, f"no test calls {task.name}")
    yield Element("does-not-repeat", reply.definition(task.name) is None, True, f"it defines {task.name} itself")
    yield Element("one-block", len(reply.blocks) == 1, False, "it has several code blocks")
    yield Element("several", len(tests) >= 2, False, "there is only one test")
    all_call = is_called and all(_calls(test, task.name) for _, test in tests)
    yield Element("all-call", all_call, False, f"a test does not call {task.name}")
    is_short = all(last_line(test) - test.lineno < _MAX_TEST_LINES for _, test in tests)
    yield Element("short-tests", bool(tests) and is_short, False, f"a test has over {_MAX_TEST_LINES} lines")


def _definition(task: _Task, reply: ParsedReply) -> Iterator[Element]:
    yield Element("block", bool(reply.blocks), True, "there is no code block")
    yield Element("parses", reply.tree is not None, True, "its code does not compile")
    definition = reply.definition(task.name)
    names = [name for name in parameter_names(definition) if name not in ("self", "cls")] if definition else None
    yield Element("defines", definition is not None, True, f"it does not define {task.name}")
    yield Element("signature", names == task.parameters, True, "its parameters are others")


_RUBRICS: dict[str, Callable[[_Task, ParsedReply], Iterator[Element]]] = {
    "docstring": _docstring, "explain": _explain, "bugfix": _bugfix, "complete": _complete, "unit_test": _unit_test,
}  # fmt: skip


def collected_tests(reply: ParsedReply) -> list[tuple[str, ast.FunctionDef]]:
    """Return (call, definition) of each test in a reply's code that pytest would collect."""
    found = []
    for node in reply.statements:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            found.append((f"{node.name}()", node))
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            methods = [item for item in node.body if isinstance(item, ast.FunctionDef) and item.name.startswith("test")]
            found += [(f"{node.name}().{item.name}()", item) for item in methods]
    return found


def _docstring_in(reply: ParsedReply, name: str) -> str | None:
    """Return the docstring in a reply: a string literal alone, or that of the function; None without triple quotes."""
    if not re.search(r'"""|\'\'\'', reply.text):
        return None
    definition = reply.definition(name)
    if definition is not None:
        return ast.get_docstring(definition)
    tree = reply.tree if reply.blocks else parse_program(reply.text.strip())
    if tree and len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
        value = tree.body[0].value
        return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None
    return None


def _is_alone(reply: ParsedReply) -> bool:
    """Tell whether a reply's code is a single statement; a class must hold a single statement too."""
    nested = [node.body for node in reply.statements if isinstance(node, ast.ClassDef)]
    return all(len(body) == 1 for body in (reply.statements, *nested))


def _entries(lines: list[str], title: str) -> set[str]:
    """Return the names of the entries in a section of a Google-style docstring."""
    if f"{title}:" not in lines:
        return set()
    names = set()
    for line in lines[lines.index(f"{title}:") + 1 :]:
        if re.fullmatch(r"[A-Z]\w+:", line):
            break
        if entry := re.match(r"\*{0,2}(\w+)\s*(\([^)]*\)+)?\s*:\s*\S", line):
            names.add(entry[1])
    return names


def documented_parameters(problem: Problem, text: str) -> set[str]:
    """Return the parameter names in the Args section of a reply's docstring."""
    found = _docstring_in(ParsedReply(text), problem.grading_context["name"]) or ""
    return _entries([line.strip() for line in found.split("\n")], "Args")


def _is_echo(prose: str, prompt: str) -> bool:
    """Tell whether most of a text's word runs are copied from the question."""
    runs, asked = (_runs(re.findall(r"\w+", text.lower())) for text in (prose, prompt))
    known = set(asked)
    return sum(run in known for run in runs) > 0.5 * len(runs)


def _runs(words: list[str]) -> list[tuple[str, ...]]:
    return [tuple(words[start : start + _RUN]) for start in range(max(1, len(words) - _RUN + 1))]


def _has_word(text: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def _changed_lines(before: str, after: str) -> int:
    left, right = ([line.rstrip() for line in text.strip().split("\n")] for text in (before, after))
    steps = difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    return sum(max(i2 - i1, j2 - j1) for kind, i1, i2, j1, j2 in steps if kind != "equal")


def _is_empty(body: list[ast.stmt]) -> bool:
    def is_placeholder(node: ast.stmt) -> bool:
        is_constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        names = {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
        is_unimplemented = isinstance(node, ast.Raise) and "NotImplementedError" in names
        return is_constant or is_unimplemented or isinstance(node, ast.Pass)

    return all(map(is_placeholder, body))


def _can_fail(node: ast.AST) -> bool:
    """Tell whether a node is an assertion about a name or a call, not about constants alone."""
    if isinstance(node, ast.With):
        called = [item.context_expr.func for item in node.items if isinstance(item.context_expr, ast.Call)]
        return any("raises" in getattr(func, "attr", getattr(func, "id", "")).lower() for func in called)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.startswith("assert"):
        return any(isinstance(item, ast.Name | ast.Call) for arg in node.args for item in ast.walk(arg))
    if not isinstance(node, ast.Assert):
        return False
    return any(isinstance(item, ast.Name | ast.Call) for item in ast.walk(node.test))


def _calls(node: ast.AST, name: str) -> bool:
    called = [item.func for item in ast.walk(node) if isinstance(item, ast.Call)]
    return any(isinstance(func, ast.Name) and func.id == name or isinstance(func, ast.Attribute) and func.attr == name
               for func in called)  # fmt: skip
