"""What a chat template does with roles, thoughts and ends of turns, found by rendering, and what is done about it.

The text to train on is the prompt as it is sampled from, then the reply, then the end of the turn: so the prompt is a
prefix of it for every conversation, and no template drops or changes what is learned.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import jinja2

from codekiln.data.text import first_line
from codekiln.errors import InputError
from codekiln.models.template_edits import DAY, Edits
from codekiln.models.template_rendering import FAILURES, names_in, render

_FIX_PARTS = "use a model for text: templates for images may take messages in parts only"
FIX = "use an instruction-tuned model of the same family, or put a template that works into its chat_template.jinja"
THINKING: dict[str, bool | int] = {"enable_thinking": False, "thinking": False, "thinking_budget": 0}
"""Arguments of templates that turn thoughts off: Qwen's, GLM's and SmolLM's; Granite's and DeepSeek's; Seed's."""

# Stand for any text, to find what the template writes around it.
_USER, _REPLY, _SYSTEM, _AGAIN = "codekiln asks", "codekiln replies", "codekiln rules", "codekiln goes on"
_THOUGHTS = (
    (r"<(?P<name>(?:\w+:)?(?:think|thinking|thought|reasoning))>", "</{name}>"),
    (r"\[(?P<name>THINK)\]", "[/{name}]"),
    (r"<\|(?P<name>begin)_of_thought\|>", "<|end_of_thought|>"),
    (r"<\|START_(?P<name>THINKING)\|>", "<|END_{name}|>"),
    (r"◁(?P<name>think)▷", "◁/{name}▷"),
    (r"<\|channel\|>(?P<name>analysis)<\|message\|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    (r"<\|channel>(?P<name>thought)\n", "<channel|>"),
)
_CLOSED = r"</(?:\w+:)?(?:think|thinking|thought|reasoning)>|\[/THINK\]"
_SHOWN = 60


@dataclass(frozen=True)
class TemplateSource:
    """A chat template as a model's files hold it.

    Attributes:
        name: Of the model, for messages.
        template: The template, or templates by name.
        tokens: Special tokens by the names that templates know them by, such as ``bos_token``.
        known: All tokens that stand for themselves, which may end a turn.
    """

    name: str
    template: str | Mapping[str, str] | None
    tokens: Mapping[str, str]
    known: frozenset[str]


@dataclass(frozen=True)
class ChatForm:
    """How a model is asked, and what surrounds a reply.

    Attributes:
        template: Chat template that stands alone, and whose prompts replies continue.
        is_changed: Whether it is another one than the model's.
        before: What the model writes before a reply, such as a space.
        after: What it writes after one: the end of the turn, and white space that the template puts around it.
        end_of_turn: The token that ends the turn.
        notes: What codekiln does about the template, one line each.
    """

    template: str
    is_changed: bool
    before: str
    after: str
    end_of_turn: str
    notes: tuple[str, ...]


def read_form(source: TemplateSource, arguments: Mapping[str, Any], end_of_turn: str | None = None) -> ChatForm:
    """Find out how a chat template is asked and continued.

    Args:
        source: The template.
        arguments: What it gets as arguments.
        end_of_turn: Token that ends the assistant's turn; None: read off the template.

    Raises:
        InputError: Nothing can be done about the template.
    """
    return _Reader(source, _single(source), Edits(dict(arguments))).read(end_of_turn)


class _Reader:
    """Collects the changes of one template and what is said about them."""

    def __init__(self, source: TemplateSource, template: str, edits: Edits) -> None:
        self.source, self.template, self.edits = source, template, edits
        self.notes: list[str] = []

    def read(self, end_of_turn: str | None) -> ChatForm:
        names = self._names()
        if "strftime_now" in self.template and "macro strftime_now" not in self.template:
            self.edits = replace(self.edits, pin_date=True)
            self.notes.append(f"today's date is {DAY:%d %b %Y} in every prompt, so that runs can be repeated")
        self._without_thinking(names)
        self._require_users_text()
        self._system()
        self._alternation()
        before, tail = self._reply()
        after, token = self._end(tail, end_of_turn)
        template = self.edits.apply(self.template)
        return ChatForm(template, template != self.source.template, before, after, token, tuple(self.notes))

    def text(self, *turns: tuple[str, str], reply: bool = True, edits: Edits | None = None) -> str:
        template = (edits or self.edits).apply(self.template)
        return render(template, self.source.tokens, [{"role": role, "content": text} for role, text in turns], reply)

    def tried(self, *turns: tuple[str, str], reply: bool = True, edits: Edits | None = None) -> str | None:
        """Return the text of a conversation; None where the template refuses it or leaves one of its texts out."""
        try:
            text = self.text(*turns, reply=reply, edits=edits)
        except FAILURES:
            return None
        return text if all(said in text for _, said in turns) else None

    def refusal(self, what: str, fix: str = FIX) -> InputError:
        return InputError(what, where=f"chat template of {self.source.name}", fix=fix)

    def _names(self) -> set[str]:
        try:
            return names_in(self.template)
        except jinja2.TemplateSyntaxError as error:
            raise self.refusal(f"is no Jinja in line {error.lineno}: {error.message}") from None

    def _without_thinking(self, names: set[str]) -> None:
        """Turn thoughts off where an argument of the template does it."""
        talks = [_ASKED, _ANSWERED, _GOING_ON]
        for name, value in THINKING.items():
            if name not in names or name in self.edits.arguments:
                continue
            off = replace(self.edits, arguments={**self.edits.arguments, name: value})
            if any(self.tried(*talk) != self.tried(*talk, edits=off) for talk in talks):
                self.edits = off
                self.notes.append(f"thinking is off ({name}={value})")

    def _require_users_text(self) -> None:
        try:
            text = self.text(*_ASKED)
        except FAILURES as error:
            said = first_line(str(error)) or type(error).__name__
            raise self.refusal(f"refuses a plain question: {said}") from None
        if _USER not in text:
            raise self.refusal("does not write what the user asks, if it is plain text", _FIX_PARTS)
        start = self.source.tokens.get("bos_token")
        if start and text.startswith(start * 2):
            self.notes.append(f"it begins with {start} twice, in training too")

    def _system(self) -> None:
        talks = ((_RULES, *_ASKED), (_RULES, *_GOING_ON))
        if all(self.tried(*talk) for talk in talks if self.tried(*talk[1:])):
            return self._say_default()
        self.edits = replace(self.edits, merge_system=True)
        self.notes.append("it has no system role: a system turn's text is put before the user's")
        return None

    def _say_default(self) -> None:
        """Say which system turn the template writes where a conversation has none."""
        before, _, after = self.text(_RULES, *_ASKED).partition(_SYSTEM)
        plain = self.text(*_ASKED)
        if plain.startswith(before) and plain.endswith(after) and len(plain) > len(before + after):
            own = plain[len(before) : len(plain) - len(after)]
            if own.strip():
                self.notes.append(f"without a system turn it writes one of its own, {_shown(own)}, in training too")

    def _alternation(self) -> None:
        if self.tried(("user", _USER), ("user", _AGAIN)) is None:
            self.edits = replace(self.edits, join_users=True)
            self.notes.append("turns have to alternate: user turns that follow each other are joined")
        if self.tried(*_GOING_ON) is None:
            self.notes.append("it takes one question alone: rows with earlier turns are turned away")

    def _reply(self) -> tuple[str, str]:
        """Find what is between a prompt and the reply to it, and return it with what follows the reply."""
        asked = self.text(*_ASKED)
        whole = self.tried(*_ANSWERED, reply=False) or self.tried(*_GOING_ON, reply=False) or ""
        place = whole.find(_REPLY, whole.find(_USER)) if whole else -1
        head, tail = (whole[:place], whole[place + len(_REPLY) :]) if place >= 0 else (asked, "")
        lead = head.removeprefix(asked) if head.startswith(asked) else ""
        opening = lead if lead.strip() else ""
        opening += _closing((asked + opening)[asked.find(_USER) :])
        if opening:
            self._open(asked, opening)
        elif not head.startswith(asked):
            self._say_other_start(asked, head)
        return "" if opening else lead, tail

    def _open(self, asked: str, opening: str) -> None:
        self.edits = replace(self.edits, opening=opening)
        if self.text(*_ASKED) != asked + opening:
            raise self.refusal(f"cannot be continued with {_shown(opening)}")
        last = asked[asked.find(_USER) + len(_USER) :]
        if _has_thought(last):
            why = "it opens a thought, which is closed"
        elif _has_thought(opening):
            why = "it writes an empty thought before a reply"
        else:
            why = "it leaves out what starts a reply"
        self.notes.append(f"{why}: every prompt ends with {_shown(opening)}, in training and sampling")

    def _say_other_start(self, asked: str, head: str) -> None:
        common = len(os.path.commonprefix([asked, head]))
        if not asked[common:].strip() or re.search(_CLOSED, asked[common:]):
            return
        self.notes.append(
            f"it asks for a reply with {_shown(asked[common:])} but writes {_shown(head[common:])} before one: "
            "training takes what it asks with"
        )

    def _end(self, tail: str, wanted: str | None) -> tuple[str, str]:
        """Return what follows a reply, and the token in it that ends the turn."""
        known = self.source.known | set(self.source.tokens.values())
        if wanted and wanted not in known:
            raise self.refusal(f"end-of-turn '{wanted}' is not a token of its tokenizer", "correct its end_of_turn")
        token = wanted if wanted and wanted in tail else _token_at_start(tail, known) if not wanted else None
        if token:
            return _through(tail, token), token
        token = wanted or self._earlier_end(known) or self.source.tokens.get("eos_token", "")
        if not token:
            raise self.refusal(f"ends a turn with {_shown(tail)}, not with a token, and the model has no end of text")
        end = tail.strip()
        why = f"it ends a turn with {_shown(end)}, which is no token here" if end else "it does not end the last turn"
        self.notes.append(f"{why}: replies end with {token}")
        return token, token

    def _earlier_end(self, known: Iterable[str]) -> str:
        """Return the token that ends a turn of the assistant with others after it."""
        text = self.tried(*_GOING_ON)
        return _token_at_start(text.rpartition(_REPLY)[2], known) if text else ""


_RULES = ("system", _SYSTEM)
_ASKED = (("user", _USER),)
_ANSWERED = (*_ASKED, ("assistant", _REPLY))
_GOING_ON = (*_ANSWERED, ("user", _AGAIN))


def _single(source: TemplateSource) -> str:
    """Return the template for plain chats."""
    found = source.template
    where = f"chat template of {source.name}"
    if not found:
        raise InputError("has no chat template", where=source.name, fix=FIX)
    if isinstance(found, str):
        return found
    if "default" in found or len(found) == 1:
        return found.get("default") or next(iter(found.values()))
    names = ", ".join(sorted(found))
    raise InputError(
        f"has several ({names}) and none called default", where=where, fix="name the one for chats default"
    )


def _has_thought(text: str) -> bool:
    return any(re.search(pattern, text) for pattern, _ in _THOUGHTS)


def _closing(text: str) -> str:
    """Return what closes a thought that ``text`` leaves open; empty where it leaves none."""
    for pattern, form in _THOUGHTS:
        *_, match = [None, *re.finditer(pattern, text)]
        close = form.format(name=match["name"]) if match else ""
        if match and close not in text[match.end() :]:
            # The form of an empty thought that Qwen's models have learned.
            return f"\n{close}\n\n" if text.endswith("\n") else f"\n\n{close}\n\n"
    return ""


def _token_at_start(text: str, known: Iterable[str]) -> str:
    return max((token for token in known if token and text.lstrip().startswith(token)), key=len, default="")


def _through(tail: str, token: str) -> str:
    """Return a tail up to the token and the white space after it."""
    end = tail.index(token) + len(token)
    rest = tail[end:]
    return tail[:end] + rest[: len(rest) - len(rest.lstrip())]


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")
