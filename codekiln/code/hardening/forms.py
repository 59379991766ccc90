"""The form of a problem's tests: what they call, how they compare, and how another test of the same form is written.

``assert sorted(f([2, 1])) == [1, 2]`` gives the arguments ``[2, 1]`` and the form ``sorted(f(...)) == ...``. Forms that
several results may satisfy (``in``, ``or``, ``<``) are refused: a test made from one result would be too strict.
"""

import ast
import builtins
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, cast

from codekiln.data.python_text import expression_tree, literal_value, syntax_tree
from codekiln.data.readers.evalplus_inputs import encode_arguments
from codekiln.data.records import CallTest, Problem, ReferenceTest, Test
from codekiln.sandbox.inside.plain_values import Opaque, decode

_CALL = "_call_of_the_program_"
_TOLERANCE = 1e-6
_LONGEST = 600
"""Characters of a test: people read them."""
_MOST_SEEDS = 24
Written = Literal["assert", "call", "reference"]
Arguments = tuple[Any, ...]


class NoForm(Exception):
    """The tests of a problem have no form that another test could be written in; the message says why."""


@dataclass(frozen=True)
class Form:
    """How the tests of a problem call and compare.

    Attributes:
        entry_point: The function that they call.
        around: Expression around the call, which is ``_CALL`` there; ``_CALL`` alone: the result itself is compared.
        written: As an assert, as a call with its result, or as an input of the reference.
        tolerance: Largest difference of floats, as a share of the expected one where that is above 1.
    """

    entry_point: str
    around: str = _CALL
    written: Written = "assert"
    tolerance: float = _TOLERANCE

    def expression(self, arguments: Arguments) -> str:
        """Return what is evaluated in the program's namespace for these arguments."""
        call = f"{self.entry_point}({', '.join(map(repr, arguments))})"
        return self.around.replace(_CALL, call)

    def differs(self, expected: object, value: object) -> bool:
        """Return whether a test that expects one value fails on the other."""
        if type(expected) is float and self.written != "reference":
            return not (_is_number(value) and abs(expected - value) <= self._within(expected))  # type: ignore[operator]
        if self.written == "reference":
            return not _is_close(expected, value, self.tolerance)
        return isinstance(value, Opaque) or expected != value

    def may_expect(self, value: object) -> bool:
        """Return whether a test of this form can state the value, and other right programs return the same."""
        return _is_literal(value) and (self.written == "reference" or type(value) is float or not _has_float(value))

    def test(self, arguments: Arguments, expected: object) -> Test:
        """Return the test of a call."""
        if self.written == "reference":
            return ReferenceTest(inputs=(encode_arguments(list(arguments)),), suite="hardened", atol=self._atol)
        if self.written == "call" and type(expected) is not float and _is_json([*arguments, expected]):
            return CallTest(call=list(arguments), expect=expected)
        text = self.expression(arguments)
        if type(expected) is float:
            return f"assert abs({text} - {_signed(expected)}) <= {self._within(expected):.3g}"
        return f"assert {text} == {expected!r}"

    def is_short(self, arguments: Arguments, expected: object) -> bool:
        """Return whether a person would still read the test."""
        try:
            return len(repr(arguments)) + len(repr(expected)) <= _LONGEST
        except ValueError:  # repr refuses integers of too many digits
            return False

    @property
    def _atol(self) -> float:
        return 0.0 if self.tolerance == _TOLERANCE else self.tolerance

    def _within(self, expected: float) -> float:
        return self.tolerance * max(1.0, abs(expected))


def form_of(problem: Problem) -> tuple[Form, list[Arguments]]:
    """Return the form of a problem's tests and the arguments of their calls, without repeats, in order.

    Raises:
        NoForm: No test calls the entry point with plain arguments and compares its result with one value.
    """
    if not problem.entry_point:
        raise NoForm("no entry point is known")
    forms: Counter[Form] = Counter()
    seeds: dict[str, Arguments] = {}
    for test in (*problem.tests, *problem.visible_tests):
        for form, arguments in _read(test, problem.entry_point):
            forms[form] += 1
            if arguments is not None:
                seeds.setdefault(repr(arguments), arguments)
    if not forms or not seeds:
        raise NoForm("no test compares the result of one call with plain arguments")
    shortest = sorted(seeds, key=len)[:_MOST_SEEDS]
    return forms.most_common(1)[0][0], [value for text, value in seeds.items() if text in shortest]


def _read(test: Test, entry_point: str) -> Iterator[tuple[Form, Arguments | None]]:
    if isinstance(test, CallTest):
        yield Form(entry_point, written="call"), tuple(test.call)
    elif isinstance(test, ReferenceTest):
        if test.comparison != "equal":
            raise NoForm(f"results are compared by a rule of their own ({test.comparison})")
        form = Form(entry_point, written="reference", tolerance=test.atol or _TOLERANCE)
        for line in test.inputs:
            arguments: Arguments = tuple(cast(list[Any], decode(line.encode())))
            yield form, arguments if _is_literal(arguments) else None
    elif isinstance(test, str):
        yield from _read_assert(test, entry_point)


def _read_assert(text: str, entry_point: str) -> Iterator[tuple[Form, Arguments | None]]:
    body = syntax_tree(text).body
    if len(body) != 1 or not isinstance(body[0], ast.Assert):
        return
    calls = [node for node in ast.walk(body[0].test) if isinstance(node, ast.Call) and _calls(node, entry_point)]
    if not calls:
        return
    around = _around(body[0].test, calls)
    if around is None:
        raise NoForm(f"several results may be right: {text[:80]}")
    yield Form(entry_point, around), _arguments(calls[0])


def _around(node: ast.expr, calls: list[ast.Call]) -> str | None:
    """Return the expression around the call that a test compares with one value, or None for another kind of test."""
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand) if operand is calls[0]:
            return f"bool({_CALL})"
        case ast.Call() if node is calls[0]:
            return f"bool({_CALL})"
        case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot()], comparators=[ast.Constant()]) if left is calls[0]:
            return _CALL
        case ast.Compare(left=left, ops=[ast.Lt() | ast.LtE()], comparators=[bound]):
            return _CALL if _is_distance(left, calls[0]) and _is_literal_node(bound) else None
        case ast.Call(func=function, args=[first, *_]) if ast.unparse(function) in ("math.isclose", "isclose"):
            return _CALL if first is calls[0] else None
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            return _side(left, right, calls) or _side(right, left, calls)
    return None


def _side(side: ast.expr, other: ast.expr, calls: list[ast.Call]) -> str | None:
    """Return one side of an equation as the expression around the call; None unless it has the only call."""
    if len(calls) != 1 or not any(node is calls[0] for node in ast.walk(side)):
        return None
    names = {node.id for node in ast.walk(other) if isinstance(node, ast.Name)}
    allowed = (ast.Call, ast.Name, ast.Constant, ast.Subscript, ast.Load, ast.expr_context, ast.keyword, ast.Slice)
    replaced = _Replaced(calls[0]).visit(expression_tree(ast.unparse(side)))
    nodes = list(ast.walk(replaced))
    names |= {node.id for node in nodes if isinstance(node, ast.Name)} - {_CALL}
    if not all(isinstance(node, allowed) for node in nodes) or not all(hasattr(builtins, name) for name in names):
        return None
    return ast.unparse(replaced)


class _Replaced(ast.NodeTransformer):
    def __init__(self, call: ast.Call) -> None:
        self._text = ast.dump(call)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if ast.dump(node) == self._text:
            return ast.Name(_CALL, ast.Load())
        self.generic_visit(node)
        return node


def _is_distance(node: ast.expr, call: ast.Call) -> bool:
    match node:
        case ast.Call(func=function, args=[ast.BinOp(left=left, op=ast.Sub(), right=right)]):
            literal = right if left is call else left if right is call else None
            is_abs = ast.unparse(function) in ("abs", "math.fabs")
            return is_abs and literal is not None and _is_literal_node(literal)
    return False


def _calls(node: ast.Call, entry_point: str) -> bool:
    return isinstance(node.func, ast.Name) and node.func.id == entry_point


def _arguments(call: ast.Call) -> Arguments | None:
    if call.keywords:
        return None
    try:
        arguments = tuple(literal_value(ast.unparse(node)) for node in call.args)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
    return arguments if _is_literal(arguments) else None


def _is_literal_node(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError):
        return isinstance(node, ast.BinOp) and all(isinstance(part, ast.Constant) for part in (node.left, node.right))
    return True


def _is_literal(value: object) -> bool:
    """Return whether the text of a value is a literal, which Python and people read as that value."""
    kind = type(value)
    if kind is float:
        return math.isfinite(value)  # type: ignore[arg-type]
    if kind in (list, tuple, set):
        return all(map(_is_literal, value))  # type: ignore[call-overload]
    if kind is dict:
        return all(_is_literal(part) for item in value.items() for part in item)  # type: ignore[attr-defined]
    return value is None or kind in (bool, int, str, bytes)


def _has_float(value: object) -> bool:
    if isinstance(value, dict):
        return any(_has_float(part) for item in value.items() for part in item)
    return type(value) is float or isinstance(value, list | tuple | set) and any(map(_has_float, value))


def _is_json(value: object) -> bool:
    if isinstance(value, list):
        return all(map(_is_json, value))
    if isinstance(value, dict):
        return all(type(key) is str and _is_json(item) for key, item in value.items())
    return value is None or type(value) in (bool, int, float, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _is_close(expected: object, value: object, tolerance: float) -> bool:
    if isinstance(expected, float) and _is_number(value):
        return abs(expected - value) <= tolerance * max(1.0, abs(expected))  # type: ignore[operator]
    if isinstance(expected, list | tuple) and isinstance(value, list | tuple) and _has_float(expected):
        pairs = zip(expected, value, strict=False)
        return len(expected) == len(value) and all(_is_close(*pair, tolerance) for pair in pairs)
    return not isinstance(value, Opaque) and expected == value


def _signed(value: float) -> str:
    return f"({value!r})" if value < 0 else repr(value)


def may_order_by_set(code: str) -> bool:
    """Return whether a program may return items in the order of a set, which nobody asked for."""
    nodes = list(ast.walk(syntax_tree(code)))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    names |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    has_set = bool(names & {"set", "frozenset"}) or any(isinstance(node, ast.Set | ast.SetComp) for node in nodes)
    return has_set and not names & {"sorted", "sort"}


def merged(tests: list[Test]) -> list[Test]:
    """Return tests of one form, those by reference as one test with all inputs."""
    inputs = [test for test in tests if isinstance(test, ReferenceTest)]
    if not inputs:
        return tests
    every = tuple(line for test in inputs for line in test.inputs)
    return [inputs[0].model_copy(update={"inputs": every})]
