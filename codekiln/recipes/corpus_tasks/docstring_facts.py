"""What can be said of a function from its source alone: the author's own sentences, and facts of its syntax."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from codekiln.recipes.corpus_tasks.functions import Function, Parameter, is_generator

_SHORT = 60
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`'\"(])")
_SECTION = re.compile(r"(args|arguments|parameters|returns?|raises|yields|examples?|notes?|usage):?", re.I)
_ODD = re.compile(r'"""|\\|^[\W_]|\$|^\w+\(.*\)\s*(->|$)')


@dataclass(frozen=True)
class Facts:
    """What a function is said to do, and what its syntax shows.

    Attributes:
        summary: First sentence of its docstring, on one line and with a full stop; empty where there is none fit.
        parameters: (name as written, type or empty, what is said or seen of it) of each parameter.
        result: What it returns or yields, in words; empty when it gives nothing.
        raises: (exception, condition or empty) of each ``raise`` in its own body.
        steps: What the body does, as sentences.
    """

    summary: str
    parameters: tuple[tuple[str, str, str], ...]
    result: str
    raises: tuple[tuple[str, str], ...]
    steps: tuple[str, ...]


@lru_cache(maxsize=64)
def facts(function: Function) -> Facts:
    """Return what can be said of a function."""
    sentences = _sentences(function.docstring)
    nodes = _in_order(function)
    said = _said_of_parameters(function, sentences[1:])
    return Facts(
        summary=_summary(sentences),
        parameters=tuple(
            (item.kind + item.name, item.annotation, said.get(item.name) or _use(item.name, nodes))
            if not item.default
            else (item.name, item.annotation, f"{said.get(item.name) or _use(item.name, nodes)}{_default(item)}")
            for item in function.parameters
        ),
        result=_result(function, sentences, nodes),
        raises=tuple(dict.fromkeys(_raises(nodes))),
        steps=tuple(dict.fromkeys(_steps(function, nodes)))[:4],
    )


def gives(function: Function) -> str:
    """Return ``Yields``, ``Returns``, or nothing for a function that gives nothing."""
    if is_generator(function.node):
        return "Yields"
    return "Returns" if _returned(function, function.body) else ""


def _sentences(docstring: str) -> list[str]:
    """Return the sentences of a docstring up to its first example, each on one line."""
    found = []
    for paragraph in re.split(r"\n\s*\n", docstring.split(">>>")[0]):
        lines = [line.strip() for line in paragraph.strip().split("\n")]
        if lines and not _SECTION.fullmatch(lines[0]):
            found += _SENTENCE.split(" ".join(lines))
    return [sentence for sentence in map(str.strip, found) if sentence]


def _summary(sentences: list[str]) -> str:
    if not sentences or _ODD.search(sentences[0]) or not 3 <= len(sentences[0].split()) <= 25:
        return ""
    text = sentences[0].rstrip(".:;, ")
    return f"{text[0].upper()}{text[1:]}."


def _said_of_parameters(function: Function, sentences: Sequence[str]) -> dict[str, str]:
    """Return the author's words on parameters: an entry of a list, or the one sentence that names only this one."""
    names = [item.name for item in function.parameters]
    said = {}
    for name in names:
        entry = re.search(
            rf"^[ \t*:]*(?:param )?\W?{re.escape(name)}\W?[ \t]*(?:--|:|-)[ \t]+(\S.*)$", function.docstring, re.M
        )
        texts = (
            [entry[1]]
            if entry
            else [text for text in sentences if [item for item in names if _mentions(text, item)] == [name]]
        )
        fit = [text for text in texts if 3 <= len(text) <= 3 * _SHORT and not _ODD.search(text) and " -- " not in text]
        if fit:
            text = fit[0].rstrip(".:;, ")
            said[name] = f"{text[0].upper()}{text[1:]}."
    return said


def _default(parameter: Parameter) -> str:
    return f" Defaults to `{parameter.default}`." if len(parameter.default) <= _SHORT else ""


def _mentions(text: str, name: str) -> bool:
    return len(name) > 1 and re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text) is not None


def _use(name: str, nodes: Sequence[ast.AST]) -> str:
    """Return how the body uses a name, the first thing that can be said."""
    said = next(filter(None, (_use_in(node, name) for node in nodes)), "")
    is_read = any(isinstance(item, ast.Name) and item.id == name for node in nodes for item in ast.walk(node))
    return said or ("Used by the body." if is_read else "Not used by the body.")


def _use_in(node: ast.AST, name: str) -> str:
    if isinstance(node, ast.For | ast.comprehension) and _is(node.iter, name):
        return "Iterated over."
    if isinstance(node, ast.Call):
        if _is(node.func, name):
            return "Called by the function."
        if isinstance(node.func, ast.Attribute) and _is(node.func.value, name):
            return f"Its method `{node.func.attr}` is called."
        if any(_is(arg, name) for arg in node.args) and isinstance(node.func, ast.Name | ast.Attribute):
            return f"Passed to `{_text(node.func)}`."
    if isinstance(node, ast.Compare) and (_is(node.left, name) or any(_is(item, name) for item in node.comparators)):
        return f"Tested by `{_text(node)}`." if _text(node) else ""
    if isinstance(node, ast.Subscript) and _is(node.value, name):
        return "Its items are read." if isinstance(node.ctx, ast.Load) else "Its items are changed."
    if isinstance(node, ast.BinOp) and (_is(node.left, name) or _is(node.right, name)) and _text(node):
        return f"Used in `{_text(node)}`."
    if isinstance(node, ast.Attribute) and _is(node.value, name):
        return f"Its attribute `{node.attr}` is used."
    return "Part of the result." if isinstance(node, ast.Return) and node.value and name in _names(node.value) else ""


def _result(function: Function, sentences: Sequence[str], nodes: Sequence[ast.AST]) -> str:
    kind = gives(function)
    if not kind:
        return ""
    for sentence in sentences:
        said = re.match(r"(returns?|yields?)\s+(?!from\b)(.{4,160}?)[.:;, ]*$", sentence, re.I)
        if said and not _ODD.search(said[2]):
            return f"{said[2][0].upper()}{said[2][1:]}."
    if function.node.returns is not None:
        return f"`{ast.unparse(function.node.returns)}`."
    values = [_text(value) for value in _returned(function, nodes)]
    shown = list(dict.fromkeys(value for value in values if value))[:3]
    return " or ".join(f"`{value}`" for value in shown) + "." if shown else "The value the body computes."


def _returned(function: Function, nodes: Sequence[ast.AST]) -> list[ast.expr]:
    kinds = (ast.Yield,) if is_generator(function.node) else (ast.Return,)
    found = [node.value for node in nodes if isinstance(node, kinds) and node.value is not None]
    return [value for value in found if not (isinstance(value, ast.Constant) and value.value is None)]


def _raises(nodes: Sequence[ast.AST]) -> Iterator[tuple[str, str]]:
    told = set()
    for node in nodes:
        for item in node.body if isinstance(node, ast.If) else ():
            if name := _exception(item):
                told.add(item)
                condition = _text(node.test)
                yield name, f"`{condition}`" if condition else ""
    yield from ((name, "") for node in nodes if node not in told and (name := _exception(node)))


def _exception(node: ast.AST) -> str:
    if not isinstance(node, ast.Raise) or node.exc is None:
        return ""
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    name = ast.unparse(raised) if isinstance(raised, ast.Name | ast.Attribute) else ""
    return name if name[:1].isupper() or "." in name else ""


def _steps(function: Function, nodes: Sequence[ast.AST]) -> Iterator[str]:
    for node in function.node.body:
        if isinstance(node, ast.For) and _text(node.iter):
            yield f"Loops over `{_text(node.iter)}`."
        elif isinstance(node, ast.While) and _text(node.test):
            yield f"Repeats while `{_text(node.test)}` holds."
        elif isinstance(node, ast.If) and _text(node.test):
            yield f"Tests whether `{_text(node.test)}`."
        elif isinstance(node, ast.With) and _text(node.items[0].context_expr):
            yield f"Works within `{_text(node.items[0].context_expr)}`."
        elif isinstance(node, ast.Try):
            caught = [ast.unparse(item.type) for item in node.handlers if item.type]
            if caught:
                yield f"Handles `{', '.join(caught)}`."
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and _text(node.targets[0]) and _text(node.value):
            yield f"Sets `{_text(node.targets[0])}` to `{_text(node.value)}`."
    called = dict.fromkeys(_text(node.func) for node in nodes if isinstance(node, ast.Call))
    if names := [name for name in called if name][:3]:
        yield f"Calls {', '.join(f'`{name}`' for name in names)}."


def _in_order(function: Function) -> list[ast.AST]:
    """Return the nodes of the function's own body in the order of its text."""
    placed = [node for node in function.body if hasattr(node, "lineno") or isinstance(node, ast.comprehension)]
    return sorted(placed, key=_place)


def _place(node: ast.AST) -> tuple[int, int]:
    node = node.target if isinstance(node, ast.comprehension) else node
    return node.lineno, node.col_offset


def _text(node: ast.AST) -> str:
    """Return an expression on one line, or nothing when it is long."""
    text = ast.unparse(node)
    return text if len(text) <= _SHORT and "\n" not in text and "`" not in text else ""


def _is(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _names(node: ast.AST) -> set[str]:
    return {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
