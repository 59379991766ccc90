"""Programs of others as syntax; what Python warns of in them, such as unknown escapes, is theirs and is not printed."""

import ast
import contextlib
import symtable
import threading
import warnings
from collections.abc import Iterator
from types import CodeType
from typing import Literal

_LOCK = threading.RLock()


@contextlib.contextmanager
def without_warnings() -> Iterator[None]:
    """Keep Python from warning of the text that is read inside, or from refusing it where warnings are errors."""
    # The filters belong to the process: of two threads that change them at once, one would keep them changed.
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def syntax_tree(source: str | bytes) -> ast.Module:
    """Return the syntax tree of a program.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: ``source`` is not Python, or is nested too deep.
    """
    with without_warnings():
        return ast.parse(source)


def expression_tree(source: str) -> ast.expr:
    """Return the syntax tree of an expression; raises as `syntax_tree`."""
    with without_warnings():
        return ast.parse(source, mode="eval").body


def compiled(source: str | ast.Module | ast.Expression, name: str, mode: Literal["exec", "eval"] = "exec") -> CodeType:
    """Return the code of a program that tracebacks call ``name``; nothing of this module's ``__future__`` applies.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: ``source`` is not Python, or is nested too deep.
    """
    with without_warnings():
        code: CodeType = compile(source, name, mode, dont_inherit=True)
    return code


def module_names(source: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names that a program binds at module level, and those it uses from there; raises as `syntax_tree`."""
    with without_warnings():
        module = symtable.symtable(source, "<program>", "exec")
    bound = {symbol.get_name() for symbol in module.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    used = {
        symbol.get_name()
        for table in _tables(module)
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (table is module or symbol.is_global())
    }
    return frozenset(bound), frozenset(used)


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    waiting = [table]
    while waiting:
        table = waiting.pop()
        yield table
        waiting += table.get_children()


def literal_value(text: str) -> object:
    """Return the value of a literal of plain values, such as ``[1, 'a']``.

    Raises:
        SyntaxError, ValueError, TypeError, RecursionError, MemoryError: ``text`` is something else.
    """
    with without_warnings():
        return ast.literal_eval(text)
