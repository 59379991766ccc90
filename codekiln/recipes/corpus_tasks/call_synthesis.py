"""Synthesis of calls that exercise a function, from its docstring examples and the inferred types of its parameters.

Argument values come from `type_inference.SAMPLE_VALUES` and from constants in the function's body. Calls are built as
source text; nothing is evaluated here.
"""

import ast
import itertools
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codekiln.data import normalise
from codekiln.recipes.corpus_tasks.functions import Function, Parameter
from codekiln.recipes.corpus_tasks.type_inference import SAMPLE_VALUES, infer_types, is_literal

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
    """

    text: str
    mutable_args: tuple[str, ...] = ()

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
        if not self.mutable_args:
            return result
        names = ", ".join(f"arg_{index}" for index in range(len(self.mutable_args)))
        return f"(lambda {names}: ({result}, {names}))({', '.join(self.mutable_args)})"

    def _result(self, is_generator: bool) -> str:
        return f"list(__import__('itertools').islice({self.text}, {MAX_YIELDED}))" if is_generator else self.text


def synthesise_calls(function: Function, owner: ast.ClassDef | None, count: int, seed: int) -> list[Call]:
    """Return up to ``count`` distinct calls of a function, docstring examples first; none for a coroutine or property.

    Args:
        function: The function to call.
        owner: The class of a method; instances are created with synthesised arguments of its ``__init__``.
        count: Largest number of calls.
        seed: Seeds the choice among candidate values.
    """
    if isinstance(function.node, ast.AsyncFunctionDef) or _is_property(function):
        return []
    rng = random.Random(f"{seed}:{function.file}:{function.qualname}")
    candidates = [_candidates(item, function) for item in function.parameters]
    found = dict.fromkeys(_docstring_examples(function))
    # Draws repeat, so more are made than are needed.
    for number, target in zip(range(4 * count), _targets(function, owner, rng), strict=False):
        if len(found) >= count:
            break
        found[_draw_call(function.parameters, candidates, target, rng, number)] = None
    return list(found)[:count]


def _is_property(function: Function) -> bool:
    return any("property" in text or text.endswith((".setter", ".deleter")) for text in function.decorators)


def _targets(function: Function, owner: ast.ClassDef | None, rng: random.Random) -> Iterator[str]:
    """Yield without end what is called: the function's name, or a method of its class or of a new instance.

    A method that cannot be called has no targets.
    """
    if not function.owner:
        return itertools.repeat(function.name)
    if function.is_static or "classmethod" in function.decorators:
        return itertools.repeat(function.qualname)
    if owner is None or function.name.startswith("__"):
        return iter(())
    return _bound_methods(function, owner, rng)


def _bound_methods(function: Function, owner: ast.ClassDef, rng: random.Random) -> Iterator[str]:
    nodes = [item for item in owner.body if isinstance(item, ast.FunctionDef) and item.name in ("__init__", "__new__")]
    if not nodes and owner.bases:
        return  # the constructor is inherited, and its parameters are not known here
    parameters: tuple[Parameter, ...] = ()
    candidates: list[list[str]] = []
    if nodes:
        try:
            text = ast.unparse(ast.FunctionDef(nodes[0].name, nodes[0].args, nodes[0].body, [], lineno=1))
        except ValueError:  # some f-strings parse but cannot be unparsed
            return
        constructor = Function(function.file, function.owner, nodes[0].name, 1, 1, 1, 0, text)
        parameters = constructor.parameters
        candidates = [_candidates(item, constructor) for item in parameters]
    for number in itertools.count():
        instance = _draw_call(parameters, candidates, function.owner, rng, number)
        yield f"{instance.inlined}.{function.name}"


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
    types = infer_types(parameter, function)
    found: dict[str, None] = {}
    if parameter.default and is_literal(parameter.default) and parameter.default != "None":
        found[parameter.default] = None
    constants = _constants(function)
    # Constants come first: inputs that the code compares with reach its special cases.
    pools = [[*constants.get(name, ())[:6], *SAMPLE_VALUES[name]] for name in types]
    # The pools are interleaved, so that every likely type is among the first candidates.
    for rank in range(max(map(len, pools))):
        found |= dict.fromkeys(pool[rank] for pool in pools if rank < len(pool))
    return list(found)[:_MAX_CANDIDATES]


def _constants(function: Function) -> dict[str, list[str]]:
    """Return the constants of the body by type, in order of appearance; integers with both neighbours."""
    found: dict[str, dict[str, None]] = {}
    first = function.node.body[0]
    docstring = first.value if function.docstring and isinstance(first, ast.Expr) else None
    for node in ast.walk(function.node):
        if not isinstance(node, ast.Constant) or node is docstring or len(repr(node.value)) > _MAX_CONSTANT_CHARACTERS:
            continue
        value = node.value
        if type(value) is int:  # not bool, which is a subclass
            # Off-by-one mutants differ only near the boundary that a constant marks.
            found.setdefault("int", {}).update(dict.fromkeys(map(str, (value, value + 1, value - 1))))
        elif type(value) in (str, bytes, float):
            found.setdefault(type(value).__name__, {})[repr(value)] = None
    return {name: list(values) for name, values in found.items()}


def _docstring_examples(function: Function) -> Iterator[Call]:
    """Yield the calls of a function in its docstring's doctest examples whose arguments are literals."""
    import doctest  # slow to import, and rarely needed

    if ">>>" not in function.docstring:
        return
    try:
        examples = doctest.DocTestParser().get_examples(function.docstring)
    except ValueError:
        return
    for example in examples:
        try:
            tree = normalise.parse(example.source.strip())
            ast.unparse(tree)
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == function.name and not function.owner:
                values = [*node.args, *(word.value for word in node.keywords)]
                if all(is_literal(ast.unparse(value)) for value in values):
                    yield Call(ast.unparse(node))
