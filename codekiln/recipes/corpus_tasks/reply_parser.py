"""What is in a reply: its code blocks, its prose, and the function it defines."""

import ast
import re
import textwrap
from dataclasses import dataclass
from functools import cached_property

from codekiln.data import normalise
from codekiln.recipes.corpus_tasks.functions import Definition

_FENCE = re.compile(r"^[ \t]*```[ \t]*([\w+-]*)[^\n]*\n(.*?)^[ \t]*```[ \t]*$", re.DOTALL | re.MULTILINE)
_OPEN = re.compile(r"^[ \t]*```", re.MULTILINE)
_PYTHON = ("", "python", "py", "python3", "pycon")


@dataclass(frozen=True)
class Reply:
    """A model's or a teacher's reply to a task."""

    text: str

    @cached_property
    def blocks(self) -> tuple[str, ...]:
        """The Python code blocks that are closed, without their fences."""
        return tuple(code.strip("\n") for language, code in _FENCE.findall(self.text) if language.lower() in _PYTHON)

    @property
    def code(self) -> str:
        """Its code blocks, joined."""
        return "\n\n".join(self.blocks)

    @cached_property
    def prose(self) -> str:
        """What is outside of its code blocks; a block that is never closed is no prose either."""
        rest = _FENCE.sub("\n", self.text)
        opened = _OPEN.search(rest)
        return rest[: opened.start()] if opened else rest

    @property
    def words(self) -> list[str]:
        """The words of its prose, lower case."""
        return re.findall(r"[a-z_][a-z_0-9'-]*", self.prose.lower())

    @cached_property
    def tree(self) -> ast.Module | None:
        """The AST of its code, or None when there is none or it does not parse."""
        return parsed(self.code) if self.blocks else None

    def written(self, name: str) -> str:
        """Return the text of `definition`, not indented; empty without one."""
        node = self.definition(name)
        return source_of(self.code, node) if node else ""

    def definition(self, name: str) -> Definition | None:
        """Return the last definition of a function or method in its code, or None."""
        found = None
        for node in self.tree.body if self.tree else ():
            for item in [node, *(node.body if isinstance(node, ast.ClassDef) else ())]:
                if isinstance(item, Definition) and item.name == name:
                    found = item
        return found


def parsed(code: str) -> ast.Module | None:
    """Return the AST of a program that compiles, or None."""
    try:
        tree = normalise.parse(code)
        compile(code, "<reply>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree


def signature(node: Definition) -> list[str]:
    """Return the names of all parameters as they are written, with their stars."""
    args = node.args
    names = [arg.arg for arg in (*args.posonlyargs, *args.args)]
    names += [f"*{args.vararg.arg}"] if args.vararg else []
    names += [arg.arg for arg in args.kwonlyargs]
    return names + ([f"**{args.kwarg.arg}"] if args.kwarg else [])


def source_of(code: str, node: ast.stmt) -> str:
    """Return the text of a statement in a program, decorators included and not indented."""
    first = min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", []))])
    lines = code.split("\n")[first - 1 : node.end_lineno]
    lines[-1] = lines[-1].encode()[: node.end_col_offset].decode()
    if first == node.lineno:
        lines[0] = " " * node.col_offset + lines[0].encode()[node.col_offset :].decode()
    return textwrap.dedent("\n".join(lines))


def same_program(left: str, right: str) -> bool:
    """Tell whether two programs are equal but for comments, docstrings and layout; no other text equals anything."""
    try:
        return normalise.strip(left) == normalise.strip(right)
    except SyntaxError:
        return False
