"""Chat templates rendered as transformers renders them, without transformers: steps that check have none."""

import functools
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import jinja2
import jinja2.ext
import jinja2.meta
import jinja2.parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

FAILURES = (jinja2.TemplateError, TypeError, ValueError, LookupError, ArithmeticError, AttributeError, RecursionError)
"""What a template raises that refuses a conversation, or that is broken."""
Turn = Mapping[str, str]


class _Generation(jinja2.ext.Extension):
    """The block with which templates mark what the assistant says; its text is rendered as it is."""

    tags = {"generation"}  # noqa: RUF012  # so that Jinja finds it

    def parse(self, parser: jinja2.parser.Parser) -> jinja2.nodes.Node:
        line = next(parser.stream).lineno
        return jinja2.nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True), lineno=line)


def render(template: str, tokens: Mapping[str, str], turns: Sequence[Turn], reply: bool, **kwargs: Any) -> str:
    """Return a conversation as text.

    Args:
        template: The chat template.
        tokens: Special tokens by the names that templates know them by, such as ``bos_token``.
        turns: The conversation.
        reply: Whether to open the assistant's turn.
        kwargs: Further arguments of the template.
    """
    given = {"tools": None, "documents": None, **tokens, **kwargs}
    return _compiled(template).render(messages=list(turns), add_generation_prompt=reply, **given)


def names_in(template: str) -> set[str]:
    """Return the names that a template reads and does not set."""
    return jinja2.meta.find_undeclared_variables(_environment().parse(template))


def _raise(message: str) -> str:
    raise jinja2.TemplateError(message)


def _json(value: Any, ensure_ascii: bool = False, **options: Any) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, **options)


def _now(form: str) -> str:
    return datetime.now().strftime(form)


@functools.cache
def _environment() -> ImmutableSandboxedEnvironment:
    found = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, jinja2.ext.loopcontrols]
    )
    found.filters["tojson"] = _json
    found.globals |= {"raise_exception": _raise, "strftime_now": _now}
    return found


@functools.lru_cache(maxsize=64)
def _compiled(template: str) -> jinja2.Template:
    return _environment().from_string(template)
