"""Parser for replies: code blocks, prose, and the function that a reply defines."""

import ast
import re
import textwrap
from dataclasses import dataclass
from functools import cached_property

from codekiln.data import normalise
from codekiln.data.fences import Fence, fences_in
from codekiln.data.python_text import compiled
from codekiln.data.text import unix_lines
from codekiln.recipes.corpus_tasks.functions import Definition, first_line, last_line


@dataclass(frozen=True)
class ParsedReply:
    """A reply to a task, parsed on demand.

    Attributes:
        text: The whole reply.
    """

    text: str

    @cached_property
    def _lines(self) -> str:
        return unix_lines(self.text)

    @cached_property
    def _fences(self) -> list[Fence]:
        return fences_in(self._lines)

    @cached_property
    def blocks(self) -> tuple[str, ...]:
        """The contents of the closed Python code blocks."""
        closed = (fence for fence in self._fences if fence.is_closed)
        return tuple(fence.code.strip("\n") for fence in closed if fence.is_python or fence.language == "pycon")

    @property
    def code(self) -> str:
        """The code blocks, joined."""
        return "\n\n".join(self.blocks)

    @cached_property
    def prose(self) -> str:
        """The text outside code blocks, up to the first block that is never closed."""
        lines, kept, place = self._lines.split("\n"), [], 0
        for fence in self._fences:
            kept += [*lines[place : fence.first], ""]
            place = fence.end
        # A block that is never closed reaches to the end.
        return "\n".join([*kept, *lines[place:]])

    @property
    def words(self) -> list[str]:
        """The words of the prose, in lower case."""
        return re.findall(r"[a-z_][a-z_0-9'-]*", self.prose.lower())

    @cached_property
    def tree(self) -> ast.Module | None:
        """The AST of the code; None without code or when the code does not compile."""
        return parse_program(self.code) if self.blocks else None

    @property
    def statements(self) -> list[ast.stmt]:
        """The top-level statements of the code; empty when there is no AST."""
        return self.tree.body if self.tree else []

    def definition_source(self, name: str) -> str:
        """Return the dedented source of `definition`; empty without one."""
        node = self.definition(name)
        return statement_source(self.code, node) if node else ""

    def definition(self, name: str) -> Definition | None:
        """Return the last definition of a function or method in the code, or None."""
        found = None
        for node in self.statements:
            for item in [node, *(node.body if isinstance(node, ast.ClassDef) else ())]:
                if isinstance(item, Definition) and item.name == name:
                    found = item
        return found


def fenced(code: str) -> str:
    """Return code in a Python code block."""
    return f"```python\n{code}\n```"


def parse_program(code: str) -> ast.Module | None:
    """Return the AST of a program, or None when it does not compile."""
    try:
        # Some texts parse and still do not compile, such as a ``return`` outside a function.
        tree = normalise.parse(code)
        compiled(code, "<reply>")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree


def parameter_names(node: Definition) -> list[str]:
    """Return the names of all parameters in order, variadic ones with their stars."""
    args = node.args
    names = [arg.arg for arg in (*args.posonlyargs, *args.args)]
    names += [f"*{args.vararg.arg}"] if args.vararg else []
    names += [arg.arg for arg in args.kwonlyargs]
    return names + ([f"**{args.kwarg.arg}"] if args.kwarg else [])


def statement_source(code: str, node: ast.stmt) -> str:
    """Return the dedented source of a statement, including decorators."""
    first = first_line(node)
    lines = code.split("\n")[first - 1 : last_line(node)]
    # Column offsets of the AST count UTF-8 bytes, not characters.
    lines[-1] = lines[-1].encode()[: node.end_col_offset].decode()
    if first == node.lineno:
        lines[0] = " " * node.col_offset + lines[0].encode()[node.col_offset :].decode()
    return textwrap.dedent("\n".join(lines))


def same_program(left: str, right: str) -> bool:
    """Tell whether two programs are equal except for comments, docstrings and layout.

    A text that does not parse equals nothing.
    """
    try:
        return normalise.strip(left) == normalise.strip(right)
    except SyntaxError:
        return False
