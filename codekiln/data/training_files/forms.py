"""The forms of training files, and what each says: a prompt, and one reply, perhaps labelled, or a pair of them.

Read in TRL's "Dataset formats and types", LLaMA-Factory's data/README.md (Alpaca, ShareGPT, and preferences in both),
Stanford Alpaca's README.md, OpenAI's guides to supervised fine-tuning and direct preference optimisation, and the
cards of nvidia/OpenCodeReasoning and nvidia/Llama-Nemotron-Post-Training-Dataset.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from os.path import commonprefix
from typing import Any, Literal

from codekiln.data.training_files.other_names import renamed
from codekiln.data.training_files.turns import Fault, Turn, refuse_order, turns_of
from codekiln.errors import closest

Fields = Mapping[str, Any]
PAIR = ("chosen", "rejected")


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """What a row of any form says.

    Attributes:
        where: ``file:line`` or ``file[index]``.
        prompt: The turns before the reply.
        replies: The reply, or the chosen and the rejected one.
        programs_in: The texts that the programs are taken from, one a reply: the reply itself, or all of the text where
            the form does not say where the reply begins.
        label: Whether the reply is good or bad, where the row says so.
        mixed: Which of its fields are messages and which are text, where both occur; else empty.
    """

    where: str
    prompt: tuple[Turn, ...]
    replies: tuple[str, ...]
    programs_in: tuple[str, ...]
    label: bool | None = None
    mixed: str = ""

    @property
    def is_pair(self) -> bool:
        """Whether the row is a preference pair."""
        return len(self.replies) == 2

    @property
    def number(self) -> int:
        """The number of its line, or its index in an array."""
        return int(re.split(r"[:\[]", self.where.rstrip("]"))[-1])

    def place(self, number: int) -> str:
        """Return what another row of the file is called, by its number."""
        return f"row [{number}]" if self.where.endswith("]") else f"line {number}"

    @property
    def text(self) -> str:
        """All of the row's text."""
        return "\n".join([*(turn.text for turn in self.prompt), *self.replies])

    @property
    def question(self) -> str:
        """The text of the last user's turn, which is the task."""
        return next((turn.text for turn in reversed(self.prompt) if turn.role == "user"), "")


@dataclass(frozen=True)
class Form:
    """A form of training files.

    Attributes:
        name: How it is called.
        fields: The fields that it needs.
        read: Returns what a row says.
        holds: What its fields are, where the same ones may hold texts or lists of messages: all of them the one, all
            of them the other, or some of each.
        label: The field that labels the reply as good or bad; empty: none.
    """

    name: str
    fields: tuple[str, ...]
    read: Callable[[Fields], "Read"]
    holds: Literal["", "messages", "both"] = ""
    label: str = ""

    def fits(self, row: Fields) -> bool:
        """Return whether a row that has the fields holds in them what the form wants."""
        if self.holds == "messages":
            return isinstance(row[self.fields[-1]], list)
        prompt, *replies = (type(row[field]) for field in self.fields)
        # A text as the prompt of replies that are messages is common (UltraFeedback), and read as messages.
        return not self.holds or (str in replies and {prompt, *replies} == {str, list})


@dataclass(frozen=True)
class Read:
    """What a form's reader finds in a row; see `TrainingRow`."""

    prompt: tuple[Turn, ...]
    replies: tuple[str, ...]
    programs_in: tuple[str, ...] = ()
    mixed: str = ""


def _messages(row: Fields) -> Read:
    turns = turns_of(row["messages"], "messages")
    # OpenAI's weight says which replies are learned; here it is the last one, and the others are its prompt.
    if turns and row["messages"][-1].get("weight") == 0:
        raise Fault("wrong-fields", "the last message has weight 0: it is not to be learned, and no other one would be")
    return _conversation(turns, "messages")


def _sharegpt(row: Fields) -> Read:
    return _conversation(_sharegpt_turns(row), "conversations")


def _sharegpt_turns(row: Fields) -> tuple[Turn, ...]:
    return _system(row) + turns_of(row["conversations"], "conversations")


def _conversation(turns: tuple[Turn, ...], field: str) -> Read:
    refuse_order(turns, field)
    return Read(turns[:-1], (turns[-1].text,))


def _sharegpt_pair(row: Fields) -> Read:
    return _answered(_sharegpt_turns(row), {side: turns_of([row[side]], side) for side in PAIR})


def _openai_pair(row: Fields) -> Read:
    prompt = row["input"]
    if not isinstance(prompt, dict) or "messages" not in prompt:
        raise Fault("wrong-fields", "input has no messages")
    answers = {side: turns_of(row[side], side) for side in ("preferred_output", "non_preferred_output")}
    return _answered(turns_of(prompt["messages"], "input.messages"), answers)


def _trl_text(row: Fields, sides: tuple[str, ...] = PAIR) -> Read:
    return Read((*_system(row), Turn("user", _text(row, "prompt"))), tuple(_text(row, side) for side in sides))


def _trl_messages(row: Fields, sides: tuple[str, ...] = PAIR) -> Read:
    answers = {side: turns_of(row[side], side) for side in sides}
    if not isinstance(row["prompt"], str):
        return _answered(turns_of(row["prompt"], "prompt"), answers)
    # As in UltraFeedback: the replies hold the whole conversation, of which the prompt repeats the task.
    if sides == PAIR and all(turns and turns[0].role in ("system", "user") for turns in answers.values()):
        return _implicit_messages(row)
    return _answered((Turn("user", row["prompt"]),), answers)


def _trl_mixed(row: Fields, sides: tuple[str, ...] = PAIR) -> Read:
    """Take a text for the one message that it has to be: the user's as a prompt, the assistant's as a reply."""
    texts = [field for field in ("prompt", *sides) if isinstance(row[field], str)]
    lists = [field for field in ("prompt", *sides) if field not in texts]
    turns = {
        field: (Turn("user" if field == "prompt" else "assistant", row[field]),)
        if field in texts
        else turns_of(row[field], field)
        for field in ("prompt", *sides)
    }
    read = _answered(turns.pop("prompt"), turns)
    return replace(read, mixed=f"{' and '.join(lists)} messages, {' and '.join(texts)} text")


def _answered(prompt: tuple[Turn, ...], answers: Mapping[str, tuple[Turn, ...]]) -> Read:
    """Return the replies to a prompt, each of which is the assistant's alone."""
    for side, turns in answers.items():
        if not turns or any(turn.role in ("user", "system") for turn in turns):
            raise Fault("roles", f"{side} is not the assistant's reply alone: leave the prompt out of it")
        refuse_order(prompt + turns, f"the prompt with {side}")
    return Read(prompt, tuple("\n".join(turn.text for turn in turns) for turns in answers.values()))


def _implicit_text(row: Fields) -> Read:
    """Take the prompt out of both texts, as TRL's ``extract_prompt`` does: it is their common beginning."""
    sides = (_text(row, "chosen"), _text(row, "rejected"))
    if sides[0] == sides[1]:
        return Read((), sides)
    shared = commonprefix(sides)
    if not shared.strip():
        raise Fault("empty-prompt", "there is no prompt, and chosen and rejected do not begin alike")
    return Read((Turn("user", shared),), (sides[0][len(shared) :], sides[1][len(shared) :]), sides)


def _implicit_messages(row: Fields) -> Read:
    chosen, rejected = (turns_of(row[side], side) for side in PAIR)
    pairs = zip(chosen[:-1], rejected[:-1], strict=False)
    shared = next(
        (place for place, (one, other) in enumerate(pairs) if one != other), min(len(chosen), len(rejected)) - 1
    )
    if shared < 1:
        raise Fault("empty-prompt", "there is no prompt, and chosen and rejected do not begin with the same turns")
    return _answered(chosen[:shared], {"chosen": chosen[shared:], "rejected": rejected[shared:]})


def _alpaca(row: Fields) -> Read:
    return Read(_alpaca_prompt(row), (_text(row, "output"),))


def _alpaca_pair(row: Fields) -> Read:
    return Read(_alpaca_prompt(row), (_text(row, "chosen"), _text(row, "rejected")))


def _alpaca_prompt(row: Fields) -> tuple[Turn, ...]:
    """Return the turns of instruction and input, which LLaMA-Factory joins, after its optional system and history."""
    history = row.get("history") or []
    if not isinstance(history, list) or not all(isinstance(item, list) and len(item) == 2 for item in history):
        raise Fault("wrong-fields", "history is no list of pairs")
    past = [Turn(role, str(text)) for item in history for role, text in zip(("user", "assistant"), item, strict=True)]
    more = _text(row, "input") if row.get("input") is not None else ""
    task = "\n".join(filter(None, (_text(row, "instruction"), more)))
    return (*_system(row), *past, Turn("user", task))


def _input_output(row: Fields) -> Read:
    """Take NVIDIA's rows: the input is a text, or a list of messages."""
    given = row["input"]
    if given == "-":
        raise Fault(
            "empty-prompt", "input is a dash, for a statement that the set does not hold: its card says where it is"
        )
    asked = turns_of(given, "input") if isinstance(given, list) else (Turn("user", _text(row, "input")),)
    return _answered((*_system(row), *asked), {"output": (Turn("assistant", _text(row, "output")),)})


def _system(row: Fields) -> tuple[Turn, ...]:
    return (Turn("system", _text(row, "system")),) if row.get("system") else ()


def _text(row: Fields, field: str) -> str:
    value = row.get(field)
    if not isinstance(value, str):
        kind = "a list" if isinstance(value, list) else "null" if value is None else f"of type {type(value).__name__}"
        raise Fault("wrong-fields", f"{field} is {kind}, where a text is needed")
    return value


_COMPLETION = ("completion",)
FORMS = (
    Form("OpenAI preference", ("input", "preferred_output", "non_preferred_output"), _openai_pair),
    Form("ShareGPT preference", ("conversations", *PAIR), _sharegpt_pair),
    Form("ShareGPT", ("conversations",), _sharegpt),
    Form("Alpaca preference", ("instruction", *PAIR), _alpaca_pair),
    Form("Alpaca", ("instruction", "output"), _alpaca),
    Form("TRL preference, messages and text mixed", ("prompt", *PAIR), _trl_mixed, "both"),
    Form("TRL preference, messages", ("prompt", *PAIR), _trl_messages, "messages"),
    Form("TRL preference, text", ("prompt", *PAIR), _trl_text),
    Form("TRL preference without a prompt, messages", PAIR, _implicit_messages, "messages"),
    Form("TRL preference without a prompt, text", PAIR, _implicit_text),
    Form(
        "TRL prompt-completion, messages and text mixed", ("prompt", "completion"),
        partial(_trl_mixed, sides=_COMPLETION), "both",
    ),
    Form(
        "TRL prompt-completion, messages", ("prompt", "completion"),
        partial(_trl_messages, sides=_COMPLETION), "messages",
    ),
    Form("TRL prompt-completion, text", ("prompt", "completion"), partial(_trl_text, sides=_COMPLETION)),
    Form("chat messages (OpenAI chat completions, TRL)", ("messages",), _messages),
    Form("input-output (NVIDIA)", ("input", "output"), _input_output),
)  # fmt: skip
"""Every form, in the order in which they are tried: of two that fit, the first asks for more."""

# Labels of single replies as good or bad, of TRL and of LLaMA-Factory; other data has labels of its own.
_LABELS = ("label", "kto_tag")
_MISTAKABLE = ("0", "1", "true", "false", "yes", "no", "good", "bad", "desirable", "undesirable", "chosen", "rejected")


def form_of(row: Any) -> Form:
    """Return the form of a row.

    Raises:
        Fault: It is no object, or has the fields of no form.
    """
    if not isinstance(row, dict):
        raise Fault("not-an-object", f"is {type(row).__name__}, not an object")
    label = _label_of(row)
    form = _fitting(row)
    # What chosen and rejected have in common is the prompt only where no field is.
    if (form is None or form.fields == PAIR) and (other := renamed(row)) and (usual := _fitting(other.row)):
        form = replace(usual, name=f"{usual.name}, as {other.names}", read=lambda given: _read_renamed(usual, given))
    if form is not None:
        return _labelled(form, label)
    raise Fault("unknown-form", f"has the fields {', '.join(sorted(row)) or 'of no form: none'}{_hint(row)}")


def _fitting(row: Fields) -> Form | None:
    given = {name for name, value in row.items() if value is not None}
    fitting = (f for known in (given, set(row)) for f in FORMS if known.issuperset(f.fields) and f.fits(row))
    return next(fitting, None)


def _read_renamed(form: Form, row: Fields) -> Read:
    other = renamed(row)
    if other is None:
        raise Fault("unknown-form", "has neither a prompt nor a reply")
    return form.read(other.row)


def _hint(row: Fields) -> str:
    """Return which fields may be misspelt, where that would make the row one of a form."""
    if isinstance(row.get("text"), str):
        return "; a text alone does not say where the reply begins: give what it was made of, as messages"
    spare = [name for name in row if all(name not in form.fields for form in FORMS)]
    for form in FORMS:
        meant = {field: closest(field, spare, 0.7) for field in form.fields if field not in row}
        if meant and all(meant.values()):
            return "; " + ", ".join(f"did you mean '{field}' by '{given}'?" for field, given in meant.items())
    return ""


def _label_of(row: Fields) -> str:
    """Return the field that labels the reply, empty where there is none."""
    for name in _LABELS:
        if isinstance(row.get(name), bool):
            return name
        if str(row.get(name)).lower().removesuffix(".0") in _MISTAKABLE:
            raise Fault("wrong-fields", f"{name} is {row[name]!r}, where true or false is needed")
    return ""


def _labelled(form: Form, label: str) -> Form:
    if not label:
        return form
    if set(form.fields) & {*PAIR, "preferred_output"}:
        raise Fault("wrong-fields", f"has a {label} beside a chosen and a rejected reply")
    return replace(form, name=f"{form.name}, labelled (KTO)", label=label)


def read_row(form: Form, row: Fields, where: str) -> TrainingRow:
    """Return what a row of a form says.

    Raises:
        Fault: It breaks the form, or its prompt or a reply is empty.
    """
    read = form.read(row)
    label = row[form.label] if form.label else None
    made = TrainingRow(where, read.prompt, read.replies, read.programs_in or read.replies, label, read.mixed)
    if made.is_pair and made.replies[0] == made.replies[1]:
        return made
    if not made.question.strip():
        raise Fault("empty-prompt", "the prompt is empty")
    for side, reply in zip(PAIR if made.is_pair else ("the reply",), made.replies, strict=True):
        if not reply.strip():
            raise Fault("empty-reply", f"{side} is empty")
    return made
