"""Extraction of top-level functions and methods from a file, each with its dedented source."""

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from codekiln.data import normalise
from codekiln.recipes.corpus_tasks.source import SourceFile

Definition = ast.FunctionDef | ast.AsyncFunctionDef
UNFINISHED_MARKS = re.compile(
    r"\b(TODO|FIXME|XXX|HACK|TBD|placeholder|lorem ipsum|your code here|your_module)\b", re.IGNORECASE
)
"""Marks of unfinished code; a function that contains one makes no task."""
_F_STRING = re.compile(r"\b(f|fr|rf)['\"]", re.IGNORECASE)


@dataclass(frozen=True)
class Parameter:
    """A parameter of a function.

    Attributes:
        annotation: Source of the annotation; empty without one.
        default: Source of the default value; empty without one.
        kind: ``*`` or ``**`` for variadic parameters, otherwise empty.
    """

    name: str
    annotation: str = ""
    default: str = ""
    kind: str = ""
    keyword_only: bool = False


@dataclass(frozen=True)
class Function:
    """A function of a corpus.

    Attributes:
        file: Path of the file relative to the corpus root.
        owner: Name of the class; empty for a module-level function.
        line: Line of the ``def`` in the file, from 1.
        first: Line of the first decorator, or of the ``def`` without decorators.
        last: Last line of the function.
        indent: Columns by which the function is indented in the file.
        text: Dedented source, including decorators.
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
        """The AST of `text`.

        Raises:
            SyntaxError: The dedented text is not a function definition.
        """
        node = normalise.parse(self.text).body[0]
        if not isinstance(node, Definition):
            raise SyntaxError("not a function definition")
        return node

    @cached_property
    def docstring(self) -> str:
        """The docstring with its indentation removed; empty without one."""
        return ast.get_docstring(self.node) or ""

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """All parameters in order, without ``self`` or ``cls``."""
        # The receiver is passed implicitly and documented nowhere.
        found = list(_parameters(self.node.args))
        return tuple(found[1:] if self.owner and not self.is_static and found else found)

    @cached_property
    def decorators(self) -> tuple[str, ...]:
        """The source of each decorator."""
        return tuple(ast.unparse(item) for item in self.node.decorator_list)

    @cached_property
    def body_nodes(self) -> tuple[ast.AST, ...]:
        """The AST nodes of the body, excluding those inside nested functions and classes."""
        return tuple(_body_nodes(self.node))

    @cached_property
    def is_generator(self) -> bool:
        """Whether a call returns a generator."""
        return any(isinstance(item, ast.Yield | ast.YieldFrom) for item in self.body_nodes)

    @property
    def is_static(self) -> bool:
        """Whether the function is a static method."""
        return "staticmethod" in self.decorators


def extract_functions(source: SourceFile, min_lines: int, max_lines: int) -> Iterator[tuple[Function, str | None]]:
    """Yield each function and method of a file with None, or with the reason for excluding it.

    Args:
        source: A file that parses.
        min_lines: Smallest number of lines from ``def`` to the end.
        max_lines: Largest number of lines.
    """
    # The parser counts only "\n" as a line end.
    lines = source.text.split("\n")
    for node, owner in _definitions(source.tree):
        function = _function(source, lines, node, owner)
        yield function, _exclusion_reason(function, min_lines, max_lines)


def without_docstring(function: Function) -> str:
    """Return the source without the docstring; an empty body becomes ``pass``."""
    first = function.node.body[0]
    if not function.docstring or not _is_docstring(first):
        return function.text
    lines = function.text.split("\n")
    if len(function.node.body) == 1:
        replacement = [" " * first.col_offset + "pass"]
    else:
        replacement = []
    kept = [*lines[: first.lineno - 1], *replacement, *lines[last_line(first) :]]
    return "\n".join(_drop_blank_lines(kept, first.lineno - 1))


def header(function: Function) -> str:
    """Return the source of decorators, signature and docstring, without the rest of the body."""
    body = function.node.body
    end = last_line(body[0]) if _is_docstring(body[0]) else body[0].lineno - 1
    return "\n".join(function.text.split("\n")[:end]).rstrip()


def first_line(node: ast.stmt) -> int:
    """Return the line of a statement's first decorator, or its own line without decorators."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(item.lineno for item in decorators)])


def last_line(node: ast.stmt) -> int:
    """Return the last line of a statement."""
    # The parser always sets ``end_lineno``; only nodes built by hand lack it.
    return node.end_lineno or node.lineno


def _body_nodes(node: Definition) -> Iterator[ast.AST]:
    waiting: list[ast.AST] = list(node.body)
    while waiting:
        item = waiting.pop()
        yield item
        # A return or yield in a nested function does not belong to the function around it.
        if not isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(item))


def _definitions(tree: ast.Module) -> Iterator[tuple[Definition, str]]:
    for node in tree.body:
        if isinstance(node, Definition):
            yield node, ""
        elif isinstance(node, ast.ClassDef):
            yield from ((item, node.name) for item in node.body if isinstance(item, Definition))


def _function(source: SourceFile, lines: list[str], node: Definition, owner: str) -> Function:
    first, last = first_line(node), last_line(node)
    text = textwrap.dedent("\n".join(lines[first - 1 : last])).rstrip()
    return Function(source.path, owner, node.name, node.lineno, first, last, node.col_offset, text)


def _exclusion_reason(function: Function, min_lines: int, max_lines: int) -> str | None:
    length = function.last - function.line + 1
    if length < min_lines:
        return "too-short"
    if length > max_lines:
        return "too-long"
    if function.name.startswith("test") or function.owner.startswith("Test"):
        return "test-function"
    try:
        body = function.node.body
        if _F_STRING.search(function.text):
            ast.unparse(function.node)  # some f-strings parse but cannot be unparsed, which later steps need
    except (SyntaxError, IndexError, ValueError):
        # A multi-line string that is indented less than the code breaks when the function is dedented.
        return "layout"
    if UNFINISHED_MARKS.search(function.text):
        return "unfinished"
    return "no-body" if all(map(_is_placeholder, body)) else None


def _is_placeholder(node: ast.stmt) -> bool:
    # A method that gives one constant back is there for subclasses to override.
    if isinstance(node, ast.Return):
        return node.value is None or isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Raise):
        return "NotImplementedError" in ast.unparse(node)
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _drop_blank_lines(lines: list[str], start: int) -> list[str]:
    while start < len(lines) and not lines[start].strip():
        lines = [*lines[:start], *lines[start + 1 :]]
    return lines


def _parameters(args: ast.arguments) -> Iterator[Parameter]:
    plain = [*args.posonlyargs, *args.args]
    without_default = len(plain) - len(args.defaults)
    defaults: list[ast.expr | None] = [*[None] * without_default, *args.defaults]
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
