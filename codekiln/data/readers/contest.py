"""What the problems of programming contests have in common: names without an import, calls, and scripts.

Facts from LiveCodeBench (``lcb_runner/evaluation/testing_util.py``, ``lcb_runner/prompts/code_generation.py``), which
has them from APPS (``eval/testing_util.py``): a program may use the names of a number of modules without importing
them, and a tuple counts as the list of its items.
"""

import ast
import json
from collections.abc import Sequence
from typing import Any

from codekiln.data.readers.files import FIX
from codekiln.errors import InputError, InputErrors

_MODULES = (
    "string", "re", "datetime", "collections", "heapq", "bisect", "copy", "math", "random", "statistics", "itertools",
    "functools", "operator", "io", "sys", "json",
)  # fmt: skip
PREAMBLE = "".join(
    [
        *(f"from {name} import *\n" for name in (*_MODULES, "builtins", "typing")),
        *(f"import {name}\n" for name in _MODULES),
        "sys.setrecursionlimit(50000)\n",
    ]
)
"""What every program may take for granted, in the order that decides which module a name is of."""
_CALL = """\
def call(*arguments):
    try:
        method = Solution().{name}
    except NameError:
        method = {name}
    result = method(*arguments)
    return list(result) if isinstance(result, tuple) else result
"""
_STDIN = "Read the input from standard input and print the answer to standard output."
_STARTER = "Complete this starter code:"


def prompt_of(statement: str, starter: str) -> str:
    """Return what a model is asked: the statement, with the code to complete, or that a script is wanted."""
    asked = f"{_STARTER}\n```python\n{starter.strip(chr(10)).rstrip()}\n```" if starter.strip() else _STDIN
    return f"{statement.strip()}\n\n{asked}"


def call_of(name: str) -> str:
    """Return the code that defines ``call``: it calls a method of ``Solution``, or a function of that name."""
    return _CALL.format(name=name)


def assertion(arguments: Sequence[Any], allowed: Sequence[Any], where: str) -> str:
    """Return the test that ``call`` returns one of the results that are allowed.

    Raises:
        InputErrors: A value has no literal, such as NaN.
    """
    try:
        ast.literal_eval(repr([arguments, allowed]))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # NaN, or lists a thousand deep
        raise row_error(f"cannot be written as a call: {error}", where) from None
    wanted = f"== {allowed[0]!r}" if len(allowed) == 1 else f"in {tuple(allowed)!r}"
    return f"assert call({', '.join(map(repr, arguments))}) {wanted}"


def json_value(text: str | bytes, where: str) -> Any:
    """Return the value of a field that holds JSON; raises InputErrors where it does not."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise row_error(f"not JSON: {error}", where) from None


def value_of(given: Any, where: str) -> Any:
    """Return the value of a field that holds JSON as text, or the value itself."""
    return json_value(given, where) if isinstance(given, str) else given


def row_error(what: str, where: str) -> InputErrors:
    """Return the error of a row that has to be corrected or removed."""
    return InputErrors([InputError(what, where=where, fix=FIX)])
