"""Facts about a function that its source states: what its docstring says, and what the syntax of its body shows.

Nothing here is generated: a fact is either the author's, or follows from the syntax. Where the source says nothing of
a parameter, a result or an exception, its text is empty, and a task that needs it is not made.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from codekiln.recipes.corpus_tasks.body_facts import is_value, raised_conditions, statement_facts
from codekiln.recipes.corpus_tasks.docstrings import (
    DocumentedValue,
    ParsedDocstring,
    as_sentence,
    is_prose,
    parse_docstring,
)
from codekiln.recipes.corpus_tasks.functions import Function, Parameter
from codekiln.recipes.corpus_tasks.summaries import breaks_off, is_remark, is_summary

_MAX_DEFAULT = 60
_MAX_SENTENCES = 3
"""Sentences of the author about the behaviour, beside the summary."""


@dataclass(frozen=True)
class ParameterFact:
    """A parameter: its name with stars, its type or an empty string, and what the author says of it, or nothing."""

    name: str
    type: str
    text: str
    default: str = ""

    @property
    def described(self) -> str:
        """What the author says, with the default value of the signature."""
        # Only a default that the author does not mention is added.
        is_told = (
            not self.default or len(self.default) > _MAX_DEFAULT or "default" in f"{self.type} {self.text}".lower()
        )
        return self.text if is_told else f"{self.text} Defaults to `{self.default}`."


@dataclass(frozen=True)
class FunctionFacts:
    """Facts about one function.

    Attributes:
        summary: First sentence of the docstring, on one line and with a full stop; empty where it is no plain prose,
            or does not say what the function does.
        behaviour: Further sentences of the docstring that are not about one parameter, the result or an exception,
            and are no remarks.
        parameters: Each parameter.
        results: What is returned or yielded; empty where nothing is, or where the author does not say what.
        raises: (exception, what is said of when, or an empty string) of each exception.
        steps: Sentences that say what the statements of the body do.
    """

    summary: str
    behaviour: tuple[str, ...]
    parameters: tuple[ParameterFact, ...]
    results: tuple[DocumentedValue, ...]
    raises: tuple[tuple[str, str], ...]
    steps: tuple[str, ...]


# The docstring, the explanation and the context of one function are built one after the other.
@lru_cache(maxsize=64)
def extract_facts(function: Function) -> FunctionFacts:
    """Return the facts about a function."""
    parsed = parse_docstring(function.docstring)
    summary = _summary(parsed.sentences, function)
    prose = [text for text in parsed.sentences[1:] if is_prose(text)]
    used: set[str] = set()
    parameters = tuple(_parameter(item, function, parsed, prose, used) for item in function.parameters)
    results = _results(function, parsed, prose, used)
    told = [text for text in prose if text not in used and len(text.split()) > 3 and not is_remark(text)]
    behaviour = [text for text in dict.fromkeys(map(as_sentence, told)) if text != summary]
    return FunctionFacts(
        summary=summary,
        behaviour=tuple(behaviour[:_MAX_SENTENCES]),
        parameters=parameters,
        results=results,
        raises=tuple(_raises(function, parsed)),
        steps=tuple(statement_facts(function)),
    )


def result_section(function: Function) -> str:
    """Return the docstring section that describes the result: ``Yields``, ``Returns``, or nothing without a result."""
    if function.is_generator:
        return "Yields"
    return (
        "Returns" if any(isinstance(node, ast.Return) and is_value(node.value) for node in function.body_nodes) else ""
    )


def _summary(sentences: Sequence[str], function: Function) -> str:
    if not sentences or not is_prose(sentences[0]) or not 3 <= len(sentences[0].split()) <= 40:
        return ""
    is_property = any("property" in text for text in function.decorators)
    is_one = is_summary(sentences[0], function.name, is_property) and not breaks_off(function.docstring)
    return as_sentence(sentences[0]) if is_one else ""


def _parameter(
    parameter: Parameter, function: Function, parsed: ParsedDocstring, prose: Sequence[str], used: set[str]
) -> ParameterFact:
    """Return a parameter with its entry in the docstring, or with the one sentence that mentions no other."""
    said = parsed.parameters.get(parameter.name, DocumentedValue())
    text = said.text or _entry(parameter.name, function.docstring)
    if not text:
        names = [item.name for item in function.parameters]
        alone = [item for item in prose if [name for name in names if _mentions(item, name)] == [parameter.name]]
        alone = [item for item in alone if _is_about(item, parameter.name)]
        text = as_sentence(alone[0]) if alone else ""
        used.update(alone[:1])
    return ParameterFact(parameter.kind + parameter.name, said.type or parameter.annotation, text, parameter.default)


def _entry(name: str, docstring: str) -> str:
    """Return what a list of the form ``name -- text``, which no common style has, says of a name."""
    found = re.search(
        rf"^[ \t*:]*\W?{re.escape(name)}\W?[ \t]*(?:--|-)[ \t]+(\S.*(?:\n[ \t]{{4,}}\S.*)*)", docstring, re.M
    )
    text = " ".join(found[1].split()) if found else ""
    return as_sentence(text) if text and is_prose(text) else ""


def _mentions(text: str, name: str) -> bool:
    return len(name) > 1 and re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text) is not None


def _is_about(text: str, name: str) -> bool:
    """Tell whether a sentence describes a parameter: it opens with it, or quotes it, and is not about the result."""
    if is_remark(text) or re.match(r"(?:returns?|yields?|raises?)\b", text, re.I):
        return False
    opens = r"(?:(?:If|When|Unless|The|An?|Optional|Argument|Parameter) )*(?:optional |argument |parameter )*"
    verb = (
        r"(?: (?:argument|parameter|flag|keyword|option))? (?:is|are|was|has|isn't|specif|indicat|giv|determin|contain|"
    )
    verb += r"tell|hold|nam|control|direct|default|must|can|may|should|will)"
    quoted = rf"(?<![\w])(?:\*{re.escape(name)}\*|'{re.escape(name)}'|`{re.escape(name)}`)"
    return re.match(rf"{opens}{re.escape(name)}{verb}", text) is not None or re.search(quoted, text) is not None


def _results(
    function: Function, parsed: ParsedDocstring, prose: Sequence[str], used: set[str]
) -> tuple[DocumentedValue, ...]:
    section = result_section(function)
    if not section:
        return ()
    said = parsed.yields if section == "Yields" else parsed.results
    said = said or parsed.results or parsed.yields
    if said and all(item.text for item in said):
        return () if any(_is_partial(item.text, section) for item in said) else said
    kind = said[0].type if len(said) == 1 else ast.unparse(function.node.returns) if function.node.returns else ""
    for sentence in [*parsed.sentences[:1], *prose]:
        found = re.match(r"(?:returns?|yields?)\s+(?!from\b)(.{4,300})", sentence, re.I)
        if found and is_prose(sentence) and not _is_partial(found[1], section):
            used.add(sentence)
            return (DocumentedValue(kind, as_sentence(found[1])),)
    return ()


def _is_partial(text: str, section: str) -> bool:
    """Tell whether a text says what is returned in one case alone, or what a generator is and not what it yields."""
    if section == "Yields":
        return re.match(r"(?:an? )?(?:\w+ )?(?:iterator|iterable|generator)\b", text, re.I) is not None
    return (
        re.match(r"(?:b?(['\"]).*?\1|None|-?\d+) (?:if|when|on|at|for|in case)\b(?!.*\b(?:else|otherwise)\b)", text)
        is not None
    )


def _raises(function: Function, parsed: ParsedDocstring) -> Iterator[tuple[str, str]]:
    """Yield each exception with what the author says of it, or else with what the body tests for."""
    said = [(item.type.strip("`").removeprefix("exc:"), item.text) for item in parsed.raises if item.type]
    yield from said
    known = {name.rpartition(".")[2] for name, _ in said}
    found: dict[str, list[str]] = {}
    for name, condition in raised_conditions(function):
        if name.rpartition(".")[2] not in known:
            found.setdefault(name, []).append(condition)
    for name, conditions in found.items():
        told = list(dict.fromkeys(conditions))
        yield name, f"If {' or '.join(told)}." if all(told) else ""
