"""Synthesis of calls that exercise a function, from its docstring examples and the inferred types of its parameters.

Argument values come from `type_inference.SAMPLE_VALUES` and from constants in the function's body. Calls are built as
source text; nothing is evaluated here.
"""

import ast
import itertools
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from codekiln.recipes.corpus_tasks.borrowed_values import NOTHING, BorrowedValues
from codekiln.recipes.corpus_tasks.docstring_examples import docstring_examples
from codekiln.recipes.corpus_tasks.functions import Function, Parameter
from codekiln.recipes.corpus_tasks.type_inference import (
    SAMPLE_VALUES,
    customary_values,
    infer_types,
    is_certain,
    is_literal,
)

MAX_YIELDED = 40
"""Items taken from a generator, which may be infinite."""

_MUTABLE = re.compile(r"^[\[{]|^set\(")
_MAX_CANDIDATES = 16
_MAX_CONSTANT_CHARACTERS = 40


@dataclass(frozen=True)
class Call:
    """One call of a function.

    Attributes:
        text: Source of the call; the mutable arguments are written as ``arg_0``, ``arg_1`` ...
        mutable_args: Source of each mutable argument, which the call may change in place.
        setup: Statements that come before the call.
        is_sensible: Whether the type of each argument is known, and not only tried.
    """

    text: str
    mutable_args: tuple[str, ...] = ()
    setup: str = ""
    is_sensible: bool = True

    @property
    def inlined(self) -> str:
        """The call with all argument values written in place."""
        text = self.text
        for index, value in enumerate(self.mutable_args):
            literal = value.replace("\\", "\\\\")  # backslashes are escapes in a replacement template
            text = re.sub(rf"\barg_{index}\b", literal, text)
        return text

    def expression(self, is_generator: bool) -> str:
        """Return the expression to evaluate: the result, in a tuple with the mutable arguments where there are any."""
        result = self._result(is_generator)
        if self.setup:
            return f"_codekiln_after({self.setup!r}, {result!r})"
        if not self.mutable_args:
            return result
        names = ", ".join(f"arg_{index}" for index in range(len(self.mutable_args)))
        return f"(lambda {names}: ({result}, {names}))({', '.join(self.mutable_args)})"

    def _result(self, is_generator: bool) -> str:
        return f"list(__import__('itertools').islice({self.text}, {MAX_YIELDED}))" if is_generator else self.text


def synthesise_calls(
    function: Function, owner: ast.ClassDef | None, count: int, seed: int, borrowed: BorrowedValues = NOTHING
) -> list[Call]:
    """Return up to ``count`` distinct calls of a function, docstring examples first; none for a coroutine.

    Args:
        function: The function to call.
        owner: The class of a method; instances are created with synthesised arguments of its ``__init__``.
        count: Largest number of calls.
        seed: Seeds the choice among candidate values.
        borrowed: Values of the corpus' own examples for parameters whose type nothing tells.
    """
    if isinstance(function.node, ast.AsyncFunctionDef) or any(
        text.endswith((".setter", ".deleter")) for text in function.decorators
    ):
        return []
    rng = random.Random(f"{seed}:{function.file}:{function.qualname}")
    values = borrowed.of(function)
    candidates = [list(values.get(item.name, ())) or _candidates(item, function) for item in function.parameters]
    is_sensible = all(item.name in values or is_certain(item, function) for item in function.parameters)
    found = {Call(item.call, setup=item.setup): None for item in docstring_examples(function)}
    # Draws repeat, so more are made than are needed.
    for number, target in zip(range(4 * count), _targets(function, owner, rng), strict=False):
        if len(found) >= count:
            break
        call = _draw_call(function.parameters, candidates, target.text, rng, number)
        call = (
            replace(call, text=call.inlined, mutable_args=(), setup=setup)
            if (setup := borrowed.setup(call.text))
            else call
        )
        found[_on_instance(function, target, replace(call, is_sensible=is_sensible))] = None
    return list(found)[:count]


@dataclass(frozen=True)
class _Target:
    """What is called: ``text``, or a method of ``instance``, whose constructor gets values of known types or not."""

    text: str
    instance: str = ""
    is_sensible: bool = True


def _is_property(function: Function) -> bool:
    return any("property" in text for text in function.decorators)


def _targets(function: Function, owner: ast.ClassDef | None, rng: random.Random) -> Iterator[_Target]:
    """Yield without end what is called: the function's name, or a method of its class or of a new instance.

    A method that cannot be called has no targets.
    """
    if not function.owner:
        return itertools.repeat(_Target(function.name))
    if function.is_static or "classmethod" in function.decorators:
        return itertools.repeat(_Target(function.qualname))
    if function.name == "__init__":
        return itertools.repeat(_Target(function.owner))
    if owner is None or function.name in ("__new__", "__del__", "__init_subclass__", "__class_getitem__"):
        return iter(())
    return _bound_methods(function, owner, rng)


def _on_instance(function: Function, target: _Target, call: Call) -> Call:
    """Return a call whose value shows what a method does: its result, or the state of its instance."""
    if function.name == "__init__" and function.owner:
        return replace(call, text=f"_codekiln_shown({call.text})")
    if not target.instance:
        return call
    text = call.text.removesuffix("()") if _is_property(function) else call.text
    if _changes_instance(function):
        text = f"_codekiln_state(lambda self: {text}, {target.instance})"
    else:
        text = text.replace("self.", f"{target.instance}.", 1)
    return replace(call, text=text, is_sensible=call.is_sensible and target.is_sensible)


def _changes_instance(function: Function) -> bool:
    """Tell whether a method may set an attribute of its instance, or an item of one."""
    receiver = next(iter([*function.node.args.posonlyargs, *function.node.args.args]), None)
    for node in function.body_nodes:
        target: ast.AST = node
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Call)
            and isinstance(node.value.func, ast.Attribute)
        ):
            target = node.value.func.value
        elif not (isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del)):
            continue
        while isinstance(target, ast.Attribute | ast.Subscript):
            target = target.value
        if receiver and isinstance(target, ast.Name) and target.id == receiver.arg:
            return True
    return False


def _bound_methods(function: Function, owner: ast.ClassDef, rng: random.Random) -> Iterator[_Target]:
    nodes = [item for item in owner.body if isinstance(item, ast.FunctionDef) and item.name in ("__init__", "__new__")]
    constructor = function
    parameters: tuple[Parameter, ...] = ()  # those of an inherited constructor are not known here
    candidates: list[list[str]] = []
    if nodes:
        try:
            text = ast.unparse(ast.FunctionDef(nodes[0].name, nodes[0].args, nodes[0].body, [], lineno=1))
        except ValueError:  # some f-strings parse but cannot be unparsed
            return
        constructor = Function(function.file, function.owner, nodes[0].name, 1, 1, 1, 0, text)
        parameters = constructor.parameters
        candidates = [_candidates(item, constructor) for item in parameters]
    attributes = _own_attributes(function, owner)
    pools = {name: _attribute_values(name, function) for name in attributes}
    is_certain_instance = not owner.bases and all(is_certain(item, constructor) for item in parameters)
    for number in itertools.count():
        instance, is_sensible = (
            _draw_call(parameters, candidates, function.owner, rng, number).inlined,
            is_certain_instance,
        )
        if attributes and number % 3 == 2:  # most states are reached by other methods, not by the constructor
            given = ", ".join(f"{name}={rng.choice(pool)}" for name, pool in pools.items())
            instance, is_sensible = f"_codekiln_instance({function.owner}, {given})", False
        yield _Target(f"self.{function.name}", instance, is_sensible)


def _own_attributes(function: Function, owner: ast.ClassDef) -> list[str]:
    """Return the attributes that a method reads of its instance and that are no members of the class."""
    args = [*function.node.args.posonlyargs, *function.node.args.args]
    members = {item.name for item in owner.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)}
    called = {id(node.func) for node in function.body_nodes if isinstance(node, ast.Call)}
    found = [node.attr for node in function.body_nodes
             if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and args
             and node.value.id == args[0].arg and id(node) not in called
             and not node.attr.startswith("__")]  # fmt: skip
    return [name for name in dict.fromkeys(found) if name not in members]


def _draw_call(
    parameters: Sequence[Parameter], candidates: Sequence[Sequence[str]], target: str, rng: random.Random, number: int
) -> Call:
    """Return one call.

    Call number 0 takes the first candidate of every required parameter; later calls draw values and optional arguments.
    """
    arguments: list[str] = []
    mutable: list[str] = []
    by_name = False
    for parameter, pool in zip(parameters, candidates, strict=True):
        by_name = by_name or parameter.keyword_only
        if parameter.kind == "**" or (parameter.kind and by_name):
            continue
        # Later calls also pass optional arguments, most of the time, to reach the code that uses them.
        if parameter.default and (number == 0 or rng.random() < 0.4):
            by_name = True  # arguments after an omitted one can only be passed by keyword
            continue
        for _ in range(rng.randint(1, 3) if parameter.kind else 1):
            value = pool[0] if number == 0 else rng.choice(pool)
            if _MUTABLE.match(value):
                mutable.append(value)
                value = f"arg_{len(mutable) - 1}"
            arguments.append(f"{parameter.name}={value}" if by_name else value)
    return Call(f"{target}({', '.join(arguments)})", tuple(mutable))


def _candidates(parameter: Parameter, function: Function) -> list[str]:
    """Return the source of candidate values for a parameter, most likely first; never empty."""
    if stubs := _stubs(parameter, function):
        return stubs
    types = infer_types(parameter, function)
    found: dict[str, None] = {}
    if parameter.default and is_literal(parameter.default) and parameter.default != "None":
        found[parameter.default] = None
    constants = _constants(function)
    # Constants come first: inputs that the code compares with reach its special cases.
    pools = []
    for name in types:
        customary = customary_values(parameter.name, name)
        # A URL or an encoding is no text like any other.
        samples = SAMPLE_VALUES[name] if not customary or name != "str" else ()
        pools.append([*customary, *constants.get(name, ())[:6], *samples])
    # The pools are interleaved, so that every likely type is among the first candidates.
    for rank in range(max(map(len, pools))):
        found |= dict.fromkeys(pool[rank] for pool in pools if rank < len(pool))
    return list(found)[:_MAX_CANDIDATES]


def _stubs(parameter: Parameter, function: Function) -> list[str]:
    """Return objects with the attributes that the body reads of a parameter; none where a built-in type has them."""
    called = {id(node.func) for node in function.body_nodes if isinstance(node, ast.Call)}
    attributes: dict[str, bool] = {}
    for node in function.body_nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == parameter.name:
            attributes[node.attr] = attributes.get(node.attr, False) or id(node) in called
    if not attributes or infer_types(parameter, function, only_use=True):
        return []
    pools = {name: _attribute_values(name, function) for name in attributes}
    stubs = []
    for rank in range(4):
        values = {name: pool[(rank + place) % len(pool)] for place, (name, pool) in enumerate(pools.items())}
        given = [
            f"{name}={'lambda *items, **named: ' if attributes[name] else ''}{value}" for name, value in values.items()
        ]
        stubs.append(f"_codekiln_stub({', '.join(given)})")
    return stubs


def _attribute_values(name: str, function: Function) -> list[str]:
    types = infer_types(Parameter(name), function)
    return [*customary_values(name, types[0]), *SAMPLE_VALUES[types[0]][:3], *SAMPLE_VALUES[types[-1]][:2]]


def _constants(function: Function) -> dict[str, list[str]]:
    """Return the constants of the body by type, in order of appearance; integers with both neighbours."""
    found: dict[str, dict[str, None]] = {}
    first = function.node.body[0]
    docstring = first.value if function.docstring and isinstance(first, ast.Expr) else None
    # Parts of messages are no values that the code compares with.
    parts = {id(item) for node in ast.walk(function.node) if isinstance(node, ast.Raise | ast.JoinedStr)
             for item in ast.walk(node)}  # fmt: skip
    for node in ast.walk(function.node):
        if not isinstance(node, ast.Constant) or node is docstring or len(repr(node.value)) > _MAX_CONSTANT_CHARACTERS:
            continue
        value = node.value
        if id(node) in parts or isinstance(value, str) and value.startswith("__"):
            continue
        if type(value) is int:  # not bool, which is a subclass
            # Off-by-one mutants differ only near the boundary that a constant marks.
            found.setdefault("int", {}).update(dict.fromkeys(map(str, (value, value + 1, value - 1))))
        elif type(value) in (str, bytes, float):
            found.setdefault(type(value).__name__, {})[repr(value)] = None
    return {name: list(values) for name, values in found.items()}
