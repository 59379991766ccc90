"""Facts about a function that its source states: sentences of its docstring, and what static analysis of its AST shows.

Nothing here is generated: a fact is either a sentence of the author or follows from the syntax.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from codekiln.recipes.corpus_tasks.functions import Function, Parameter

_MAX_EXPRESSION = 60
"""Longest expression that is quoted, in characters."""

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`'\"(])")
_SECTION = re.compile(r"(args|arguments|parameters|returns?|raises|yields|examples?|notes?|usage):?", re.I)
# Markup, escapes, signatures and option lists read badly in a docstring of another style.
_NOT_PROSE = re.compile(r'"""|\\|^[\W_]|\$|^\w+\(.*\)\s*(->|$)')


@dataclass(frozen=True)
class FunctionFacts:
    """Facts about one function.

    Attributes:
        summary: First sentence of the docstring, on one line and with a full stop; empty where it is no plain prose.
        parameters: (name with stars, annotation or empty, description) of each parameter.
        result: Description of what the function returns or yields; empty when it returns nothing.
        raises: (exception, condition or empty) of each ``raise`` in the function's own body.
        steps: Sentences that describe the statements of the body.
    """

    summary: str
    parameters: tuple[tuple[str, str, str], ...]
    result: str
    raises: tuple[tuple[str, str], ...]
    steps: tuple[str, ...]


# The docstring, the explanation and the context of one function are built one after the other.
@lru_cache(maxsize=64)
def extract_facts(function: Function) -> FunctionFacts:
    """Return the facts about a function."""
    sentences = _sentences(function.docstring)
    nodes = _in_source_order(function)
    # The first sentence is the summary and must not be repeated for a parameter.
    documented = _documented_parameters(function, sentences[1:])
    return FunctionFacts(
        summary=_summary(sentences),
        parameters=tuple(_parameter(item, documented, nodes) for item in function.parameters),
        result=_result(function, sentences, nodes),
        raises=tuple(dict.fromkeys(_raises(nodes))),
        steps=tuple(dict.fromkeys(_steps(function, nodes)))[:4],
    )


def result_section(function: Function) -> str:
    """Return the docstring section that describes the result: ``Yields``, ``Returns``, or nothing without a result."""
    if function.is_generator:
        return "Yields"
    return "Returns" if _returned(function, function.body_nodes) else ""


def _sentences(docstring: str) -> list[str]:
    """Return the sentences of a docstring up to its first example, each on one line."""
    found: list[str] = []
    for paragraph in re.split(r"\n\s*\n", docstring.split(">>>")[0]):
        lines = [line.strip() for line in paragraph.strip().split("\n")]
        if lines and not _SECTION.fullmatch(lines[0]):
            found += _SENTENCE.split(" ".join(lines))
    return [sentence for sentence in map(str.strip, found) if sentence]


def _summary(sentences: list[str]) -> str:
    if not sentences or _NOT_PROSE.search(sentences[0]) or not 3 <= len(sentences[0].split()) <= 25:
        return ""
    text = sentences[0].rstrip(".:;, ")
    return f"{text[0].upper()}{text[1:]}."


def _documented_parameters(function: Function, sentences: Sequence[str]) -> dict[str, str]:
    """Return the author's description of each documented parameter.

    This is the parameter's entry in a list, or else a sentence that mentions this parameter and no other.
    """
    names = [item.name for item in function.parameters]
    found: dict[str, str] = {}
    for name in names:
        entry = re.search(
            rf"^[ \t*:]*(?:param )?\W?{re.escape(name)}\W?[ \t]*(?:--|:|-)[ \t]+(\S.*)$", function.docstring, re.M
        )
        if entry:
            texts = [entry[1]]
        else:
            texts = [text for text in sentences if [item for item in names if _mentions(text, item)] == [name]]
        usable = [text for text in texts if _is_description(text)]
        if usable:
            text = usable[0].rstrip(".:;, ")
            found[name] = f"{text[0].upper()}{text[1:]}."
    return found


def _is_description(text: str) -> bool:
    return 3 <= len(text) <= 3 * _MAX_EXPRESSION and not _NOT_PROSE.search(text) and " -- " not in text


def _parameter(parameter: Parameter, documented: Mapping[str, str], nodes: Sequence[ast.AST]) -> tuple[str, str, str]:
    text = documented.get(parameter.name) or _use(parameter.name, nodes)
    if parameter.default and len(parameter.default) <= _MAX_EXPRESSION:
        text += f" Defaults to `{parameter.default}`."
    return parameter.kind + parameter.name, parameter.annotation, text


def _mentions(text: str, name: str) -> bool:
    return len(name) > 1 and re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text) is not None


def _use(name: str, nodes: Sequence[ast.AST]) -> str:
    """Return a description of the first use of a name in the body."""
    use = next(filter(None, (_use_in(node, name) for node in nodes)), "")
    is_read = any(isinstance(item, ast.Name) and item.id == name for node in nodes for item in ast.walk(node))
    return use or ("Used by the body." if is_read else "Not used by the body.")


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
    if not result_section(function):
        return ""
    for sentence in sentences:
        found = re.match(r"(returns?|yields?)\s+(?!from\b)(.{4,160}?)[.:;, ]*$", sentence, re.I)
        if found and not _NOT_PROSE.search(found[2]):
            return f"{found[2][0].upper()}{found[2][1:]}."
    if function.node.returns is not None:
        return f"`{ast.unparse(function.node.returns)}`."
    values = [_text(value) for value in _returned(function, nodes)]
    shown = list(dict.fromkeys(value for value in values if value))[:3]
    return " or ".join(f"`{value}`" for value in shown) + "." if shown else "The value the body computes."


def _returned(function: Function, nodes: Sequence[ast.AST]) -> list[ast.expr]:
    kind: type[ast.Yield | ast.Return] = ast.Yield if function.is_generator else ast.Return
    found = [node.value for node in nodes if isinstance(node, kind) and node.value is not None]
    return [value for value in found if not (isinstance(value, ast.Constant) and value.value is None)]


def _raises(nodes: Sequence[ast.AST]) -> Iterator[tuple[str, str]]:
    conditional: set[ast.AST] = set()
    for node in nodes:
        if not isinstance(node, ast.If):
            continue
        for item in node.body:
            if name := _exception(item):
                conditional.add(item)
                condition = _text(node.test)
                yield name, f"`{condition}`" if condition else ""
    yield from ((name, "") for node in nodes if node not in conditional and (name := _exception(node)))


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


def _in_source_order(function: Function) -> list[ast.AST]:
    placed = [(position, node) for node in function.body_nodes if (position := _position(node))]
    return [node for _, node in sorted(placed, key=lambda item: item[0])]


def _position(node: ast.AST) -> tuple[int, int] | None:
    """Return the line and column of a node, those of its target for a comprehension, or None for one without."""
    node = node.target if isinstance(node, ast.comprehension) else node
    line, column = getattr(node, "lineno", None), getattr(node, "col_offset", 0)
    return None if line is None else (line, column)


def _text(node: ast.AST) -> str:
    """Return the source of an expression, or an empty string when it is too long to be quoted."""
    text = ast.unparse(node)
    return text if len(text) <= _MAX_EXPRESSION and "\n" not in text and "`" not in text else ""


def _is(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _names(node: ast.AST) -> set[str]:
    return {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
