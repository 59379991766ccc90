"""Top-level functions and methods of a file, each with its text as it would stand alone."""

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from codekiln.data import normalise
from codekiln.recipes.corpus_tasks.source import Source

Definition = ast.FunctionDef | ast.AsyncFunctionDef
MARKS = re.compile(r"\b(TODO|FIXME|XXX|HACK|TBD|placeholder|lorem ipsum|your code here|your_module)\b", re.IGNORECASE)
"""Marks of unfinished text; a function that has one is no example of anything."""
_F_STRING = re.compile(r"\b(f|fr|rf)['\"]", re.IGNORECASE)


@dataclass(frozen=True)
class Parameter:
    """A parameter: ``kind`` is ``*`` or ``**`` for collectors; annotation and default are source texts or empty."""

    name: str
    annotation: str = ""
    default: str = ""
    kind: str = ""
    keyword_only: bool = False


@dataclass(frozen=True)
class Function:
    """A function of a corpus.

    Attributes:
        file: Path of its file from the root.
        owner: Name of its class; empty for a function of the module.
        line: Line of its ``def`` in the file, from 1.
        first: Line of its first decorator, or of its ``def``.
        last: Its last line.
        indent: Columns it is indented by in the file.
        text: Its source, decorators included, not indented.
    """

    file: str
    owner: str
    name: str
    line: int
    first: int
    last: int
    indent: int
    text: str

    @property
    def qualname(self) -> str:
        """``function`` or ``Class.method``."""
        return f"{self.owner}.{self.name}" if self.owner else self.name

    @cached_property
    def node(self) -> Definition:
        """The definition in `text`."""
        return normalise.parse(self.text).body[0]

    @cached_property
    def docstring(self) -> str:
        """Its docstring, cleaned; empty without one."""
        return ast.get_docstring(self.node) or ""

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """All parameters in order, without ``self`` or ``cls``."""
        found = list(_parameters(self.node.args))
        return tuple(found[1:] if self.owner and not self.is_static and found else found)

    @cached_property
    def decorators(self) -> tuple[str, ...]:
        """Its decorators as source texts."""
        return tuple(ast.unparse(item) for item in self.node.decorator_list)

    @cached_property
    def body(self) -> tuple[ast.AST, ...]:
        """The nodes of its body, without those of functions and classes inside it."""
        return tuple(own_nodes(self.node))

    @property
    def is_static(self) -> bool:
        """Whether it is a static method."""
        return "staticmethod" in self.decorators


def functions_of(source: Source, shortest: int, longest: int) -> Iterator[tuple[Function, str | None]]:
    """Yield each function and method of a file with None, or with the reason why it makes no task.

    Args:
        source: A file that parses.
        shortest: Least number of lines from ``def`` to the end.
        longest: Largest number of lines.
    """
    lines = source.text.split("\n")  # as the parser does: a form feed ends no line
    for node, owner in _definitions(source.tree):
        function = _function(source, lines, node, owner)
        yield function, _reason(function, shortest, longest)


def without_docstring(function: Function) -> str:
    """Return the function's text without its docstring; a body left empty keeps a ``pass``."""
    first = function.node.body[0]
    if not function.docstring or not _is_docstring(first):
        return function.text
    lines = function.text.split("\n")
    if len(function.node.body) == 1:
        replacement = [" " * first.col_offset + "pass"]
    else:
        replacement = []
    kept = [*lines[: first.lineno - 1], *replacement, *lines[first.end_lineno :]]
    return "\n".join(_without_blank_lead(kept, first.lineno - 1))


def header(function: Function) -> str:
    """Return decorators, signature and docstring as they stand in the text, without the body."""
    body = function.node.body
    end = body[0].end_lineno if _is_docstring(body[0]) else body[0].lineno - 1
    return "\n".join(function.text.split("\n")[:end]).rstrip()


def is_generator(node: Definition) -> bool:
    """Tell whether calling a function gives a generator."""
    return any(isinstance(item, ast.Yield | ast.YieldFrom) for item in own_nodes(node))


def own_nodes(node: Definition) -> Iterator[ast.AST]:
    """Yield the nodes of a function's body, without those of functions and classes inside it."""
    waiting: list[ast.AST] = list(node.body)
    while waiting:
        item = waiting.pop()
        yield item
        if not isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(item))


def _definitions(tree: ast.Module) -> Iterator[tuple[Definition, str]]:
    for node in tree.body:
        if isinstance(node, Definition):
            yield node, ""
        elif isinstance(node, ast.ClassDef):
            yield from ((item, node.name) for item in node.body if isinstance(item, Definition))


def _function(source: Source, lines: list[str], node: Definition, owner: str) -> Function:
    first = min([node.lineno, *(item.lineno for item in node.decorator_list)])
    text = textwrap.dedent("\n".join(lines[first - 1 : node.end_lineno])).rstrip()
    return Function(source.path, owner, node.name, node.lineno, first, node.end_lineno, node.col_offset, text)


def _reason(function: Function, shortest: int, longest: int) -> str | None:
    length = function.last - function.line + 1
    if length < shortest:
        return "too-short"
    if length > longest:
        return "too-long"
    if function.name.startswith("test") or function.owner.startswith("Test"):
        return "test-function"
    try:
        body = function.node.body
        if _F_STRING.search(function.text):
            ast.unparse(function.node)  # some can be read but not written, and parts of it are written later
    except (SyntaxError, IndexError, ValueError):
        return "layout"  # or a string of several lines that is indented less than the code
    if MARKS.search(function.text):
        return "unfinished"
    return "no-body" if all(map(_does_nothing, body)) else None


def _does_nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Raise):
        return "NotImplementedError" in ast.unparse(node)
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _without_blank_lead(lines: list[str], start: int) -> list[str]:
    while start < len(lines) and not lines[start].strip():
        lines = [*lines[:start], *lines[start + 1 :]]
    return lines


def _parameters(args: ast.arguments) -> Iterator[Parameter]:
    plain = [*args.posonlyargs, *args.args]
    defaults = [None] * (len(plain) - len(args.defaults)) + list(args.defaults)
    for arg, default in zip(plain, defaults, strict=True):
        yield _parameter(arg, default)
    if args.vararg:
        yield _parameter(args.vararg, None, "*")
    for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        yield _parameter(arg, default, keyword_only=True)
    if args.kwarg:
        yield _parameter(args.kwarg, None, "**")


def _parameter(arg: ast.arg, default: ast.expr | None, kind: str = "", keyword_only: bool = False) -> Parameter:
    annotation = ast.unparse(arg.annotation) if arg.annotation else ""
    return Parameter(arg.arg, annotation, ast.unparse(default) if default else "", kind, keyword_only)
