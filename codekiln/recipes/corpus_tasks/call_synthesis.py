"""Calls to try a function with, made from what its source says about its parameters.

`guesses` says what kinds of value a parameter takes; constants of the body join the pool of their kind, and calls that
the docstring shows come first. All of it is text: nothing is evaluated here.
"""

import ast
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codekiln.data import normalise
from codekiln.recipes.corpus_tasks.functions import Function, Parameter, is_generator
from codekiln.recipes.corpus_tasks.type_inference import POOLS, is_literal, kinds_of

_MUTABLE = re.compile(r"^[\[{]|^set\(")
CUT = 40
"""Items taken of a generator."""


@dataclass(frozen=True)
class Call:
    """One way to call a function: ``setup`` lines name the arguments that may be changed, ``text`` is the call."""

    text: str
    changing: tuple[str, ...] = ()

    @property
    def whole(self) -> str:
        """The call with all values in place."""
        text = self.text
        for index, value in enumerate(self.changing):
            text = re.sub(rf"\barg_{index}\b", lambda _, value=value: value, text)
        return text

    def result(self, lazy: bool) -> str:
        """Return the call, or where its result is a generator (``lazy``) a list of the first items."""
        return f"list(__import__('itertools').islice({self.text}, {CUT}))" if lazy else self.text

    def expression(self, lazy: bool) -> str:
        """Return what is observed: the result, with the arguments that may have been changed beside it."""
        if not self.changing:
            return self.result(lazy)
        names = ", ".join(f"arg_{index}" for index in range(len(self.changing)))
        return f"(lambda {names}: ({self.result(lazy)}, {names}))({', '.join(self.changing)})"


def calls(function: Function, owner: ast.ClassDef | None, count: int, seed: int) -> list[Call]:
    """Return up to ``count`` different calls of a function, examples of its docstring first; none for a coroutine.

    Args:
        function: The function.
        owner: Its class, for a method: instances are made with arguments for its ``__init__``.
        count: How many calls.
        seed: Seeds the choice among candidates.
    """
    if isinstance(function.node, ast.AsyncFunctionDef) or _is_property(function):
        return []
    rng = random.Random(f"{seed}:{function.file}:{function.qualname}")
    candidates = [_candidates(item, function) for item in function.parameters]
    made = dict.fromkeys(_examples(function))
    target = _target(function, owner, rng)
    for number in range(4 * count if target else 0):
        if len(made) >= count:
            break
        made[_call(function.parameters, candidates, next(target), rng, number)] = None
    return list(made)[:count]


def is_lazy(function: Function) -> bool:
    """Tell whether what a call gives must be drawn from."""
    return is_generator(function.node)


def _is_property(function: Function) -> bool:
    return any("property" in text or text.endswith((".setter", ".deleter")) for text in function.decorators)


def _target(function: Function, owner: ast.ClassDef | None, rng: random.Random) -> Iterator[str] | None:
    """Return an endless supply of what is called: the name, or a method of a class or of a new instance."""
    if not function.owner:
        return iter(lambda: function.name, None)
    if function.is_static or "classmethod" in function.decorators:
        return iter(lambda: function.qualname, None)
    if owner is None or function.name.startswith("__"):
        return None
    return _instances(function, owner, rng)


def _instances(function: Function, owner: ast.ClassDef, rng: random.Random) -> Iterator[str] | None:
    makers = [item for item in owner.body if isinstance(item, ast.FunctionDef) and item.name in ("__init__", "__new__")]
    if not makers and owner.bases:
        return None  # whatever makes it is elsewhere
    maker = None
    if makers:
        try:
            text = ast.unparse(ast.FunctionDef(makers[0].name, makers[0].args, makers[0].body, [], lineno=1))
        except ValueError:  # some f-strings can be read but not written
            return None
        maker = Function(function.file, function.owner, makers[0].name, 1, 1, 1, 0, text)
    parameters = maker.parameters if maker else ()
    candidates = [_candidates(item, maker) for item in parameters]

    def supply() -> Iterator[str]:
        number = 0
        while True:
            made = _call(parameters, candidates, function.owner, rng, number)
            number += 1
            yield f"{made.whole}.{function.name}"

    return supply()


def _call(
    parameters: Sequence[Parameter], candidates: Sequence[Sequence[str]], target: str, rng: random.Random, number: int
) -> Call:
    """Return one call: the first takes everybody's first candidate, later ones draw, also what may be left out."""
    arguments, changing, by_name = [], [], False
    for parameter, pool in zip(parameters, candidates, strict=True):
        by_name = by_name or parameter.keyword_only
        if parameter.kind == "**" or (parameter.kind and by_name):
            continue
        if parameter.default and (number == 0 or rng.random() < 0.4):
            by_name = True  # what follows one that is left out can only be named
            continue
        for _ in range(rng.randint(1, 3) if parameter.kind else 1):
            value = pool[0] if number == 0 else rng.choice(pool)
            if _MUTABLE.match(value):
                changing.append(value)
                value = f"arg_{len(changing) - 1}"
            arguments.append(f"{parameter.name}={value}" if by_name else value)
    return Call(f"{target}({', '.join(arguments)})", tuple(changing))


def _candidates(parameter: Parameter, function: Function) -> list[str]:
    """Return texts of values for a parameter, the likeliest first; never empty."""
    kinds = kinds_of(parameter, function)
    found: dict[str, None] = {}
    if parameter.default and is_literal(parameter.default) and parameter.default != "None":
        found[parameter.default] = None
    constants = _constants(function)
    pools = [[*constants.get(kind, ())[:6], *POOLS[kind]] for kind in kinds]
    for rank in range(max(map(len, pools))):
        found |= dict.fromkeys(pool[rank] for pool in pools if rank < len(pool))
    return list(found)[:16]


def _constants(function: Function) -> dict[str, list[str]]:
    """Return the constants of the body as texts by type, numbers with their neighbours, in order of appearance."""
    found: dict[str, dict[str, None]] = {}
    docstring = function.node.body[0].value if function.docstring else None
    for node in ast.walk(function.node):
        if not isinstance(node, ast.Constant) or node is docstring or len(repr(node.value)) > 40:
            continue
        kind = type(node.value).__name__
        if kind == "int":
            found.setdefault(kind, {}).update(dict.fromkeys(map(str, (node.value, node.value + 1, node.value - 1))))
        elif kind in ("str", "bytes", "float"):
            found.setdefault(kind, {})[repr(node.value)] = None
    return {kind: list(values) for kind, values in found.items()}


def _examples(function: Function) -> Iterator[Call]:
    """Yield the calls of a function that its docstring shows with literal arguments."""
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
