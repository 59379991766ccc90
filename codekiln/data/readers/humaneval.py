"""HumanEval's ``check(candidate)`` as separate tests, with what stands around it as their setup."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codekiln.data.python_text import syntax_tree
from codekiln.data.records import Test
from codekiln.errors import InputError, InputErrors

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class SplitTests:
    """The tests in the ``test`` field of a row, and the code that they need."""

    setup: str
    tests: tuple[Test, ...]


def split_tests(module: ast.Module, entry_point: str) -> SplitTests:
    """Split the ``test`` field of a row: assert by assert; from the first other statement on, one test.

    What stands outside ``check`` and is used (imports, helpers, constants) is the setup. Without ``check``, the asserts
    of the module are the tests.

    Args:
        module: The syntax tree of the field, which is changed.
        entry_point: The function that ``check`` gets.
    """
    check = next((node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == "check"), None)
    outside = [node for node in module.body if node is not check and not _is_idle(node) and not _is_call_of_check(node)]
    if check is None:
        is_setup = [isinstance(node, _Function | ast.ClassDef | ast.Import | ast.ImportFrom) for node in outside]
        around = [node for node, is_apart in zip(outside, is_setup, strict=True) if is_apart]
        tests = _split([node for node, is_apart in zip(outside, is_setup, strict=True) if not is_apart])
    else:
        around, tests = outside, _tests_of_check(check, entry_point)
    return SplitTests("\n".join(map(ast.unparse, _used(around, tests))), tests)


def nothing_checked(module: ast.Module, where: str) -> InputErrors:
    """Return the error of a ``test`` field without a test: classes of unittest and functions of pytest are none."""
    fix = "let a test call the function"
    if any(isinstance(node, ast.ClassDef) or _is_of_pytest(node) for node in module.body):
        fix = "write check(candidate), or asserts: classes of unittest and functions of pytest are not run"
    return InputErrors([InputError("checks nothing", where=where, fix=fix)])


def _is_of_pytest(node: ast.stmt) -> bool:
    return isinstance(node, _Function) and node.name.startswith("test_")


def _tests_of_check(check: ast.FunctionDef, entry_point: str) -> tuple[str, ...]:
    parameters = [*check.args.posonlyargs, *check.args.args]
    name = parameters[0].arg if parameters else None
    body = [node for node in check.body if not _is_idle(node)]
    # Further parameters have their defaults only inside the function.
    has_one = len(parameters) == 1 and not (check.args.vararg or check.args.kwonlyargs or check.args.kwarg)
    plain = _count_plain(body, name) if has_one and not check.decorator_list else 0
    for part in (part for node in body[:plain] for part in ast.walk(node)):
        if isinstance(part, ast.Name) and part.id == name:
            part.id = entry_point
    tests = list(map(ast.unparse, body[:plain]))
    if plain < len(body):
        check.body = body[plain:]
        tests.append(f"{ast.unparse(check)}\ncheck({_argument(check, name, entry_point)})")
    return tuple(tests)


def _argument(check: ast.FunctionDef, parameter: str | None, entry_point: str) -> str:
    if parameter is None:
        return entry_point if check.args.vararg else ""
    # A test that does not use the function must not look as if it did.
    return entry_point if any(parameter in _names(node) for node in check.body) else "None"


def _split(body: list[ast.stmt]) -> tuple[str, ...]:
    plain = _count_plain(body, None)
    rest = "\n".join(map(ast.unparse, body[plain:]))
    return (*map(ast.unparse, body[:plain]), *([rest] if rest else []))


def _count_plain(body: list[ast.stmt], parameter: str | None) -> int:
    """Return how many statements at the start are asserts that mean the same outside the function."""
    for count, node in enumerate(body):
        if not isinstance(node, ast.Assert) or any(_binds(part, parameter) for part in ast.walk(node)):
            return count
    return len(body)


def _binds(node: ast.AST, parameter: str | None) -> bool:
    """Return whether a part of an expression binds a name outside it, or ``parameter``."""
    if isinstance(node, ast.Name):
        return node.id == parameter and isinstance(node.ctx, ast.Store)
    return isinstance(node, ast.NamedExpr) or (isinstance(node, ast.arg) and node.arg == parameter)


def _is_idle(node: ast.stmt) -> bool:
    if isinstance(node, ast.Pass):
        return True
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Name | ast.Constant)
    return isinstance(node, ast.Assert) and isinstance(node.test, ast.Constant) and bool(node.test.value)


def _is_call_of_check(node: ast.stmt) -> bool:
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "check"


def _used(around: list[ast.stmt], tests: Iterable[str]) -> list[ast.stmt]:
    """Return the statements that the tests need, in order: those that define a name they use, and those that act."""
    defined = {name for node in around for name in _bound(node)}
    mentioning = [test for test in tests if any(name in test for name in defined)]
    needed = {name for test in mentioning for name in _names(syntax_tree(test))}
    kept: set[int] = set()
    while True:
        more = {
            place
            for place, node in enumerate(around)
            if place not in kept and (needed & _bound(node) or not _only_defines(node))
        }
        if not more:
            return [node for place, node in enumerate(around) if place in kept]
        kept |= more
        needed |= {name for place in more for name in _names(around[place])}


def _only_defines(node: ast.stmt) -> bool:
    if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
        return False
    return isinstance(node, _Function | ast.ClassDef | ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign)


def _bound(node: ast.stmt) -> set[str]:
    if isinstance(node, _Function | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    # The object of ``TABLE["x"] = 1`` or ``np.x = 1`` is changed by the statement.
    return {name for target in targets for name in _names(target)}


def _names(node: ast.AST) -> Iterator[str]:
    return (part.id for part in ast.walk(node) if isinstance(part, ast.Name))
