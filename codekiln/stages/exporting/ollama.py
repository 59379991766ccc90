"""An Ollama Modelfile whose template writes what the model's chat template writes.

Ollama's templates are Go's text/template over ``.System`` and ``.Messages`` (docs.ollama.com/modelfile, /template).
The chat template's texts around the turns are read off rendered conversations, and the result is compared with the
chat template on others, so that a form that this cannot express is refused instead of being nearly right.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2.exceptions import TemplateError
from transformers import AutoTokenizer, GenerationConfig, PreTrainedTokenizerBase

from codekiln.data.files import write_atomic
from codekiln.errors import ModelError

_USER, _REPLY, _SYSTEM, _AGAIN = "c0dek1lnuser", "c0dek1lnreply", "c0dek1lnsystem", "c0dek1lnagain"
_TEXTS = ("Write add(a, b).\n\n  Use +.", "```python\ndef add(a, b):\n    return a + b\n```", "Be brief.", "And sub?")
_FIX = "give --format gguf, and write a Modelfile for it"
Turn = dict[str, str]


@dataclass(frozen=True)
class Turns:
    """The texts around the turns of a conversation.

    Attributes:
        first: Before the first user turn, where there is no system turn.
        system: Before a system turn, and between it and the first user turn; None: the model knows no system turn.
        reply: Between a user turn and the reply to it.
        again: Between a reply and the next user turn.
        last: After the last user turn, to open the reply; some models get an empty thought there.
    """

    first: str
    system: tuple[str, str] | None
    reply: str
    again: str
    last: str

    def render(self, turns: Sequence[Turn]) -> str:
        """Return a conversation that starts with the user or the system, alternates, and ends with the user."""
        text, before = "", self.first
        for turn in turns:
            if turn["role"] == "system":
                assert self.system is not None, "callers ask whether there is one"
                text, before = text + self.system[0] + turn["content"], self.system[1]
            elif turn["role"] == "user":
                after = self.last if turn is turns[-1] else self.reply
                text, before = text + before + turn["content"] + after, self.again
            else:
                text += turn["content"]
        return text

    def go_template(self) -> str:
        """Return the template for Ollama."""
        parts = {name: _go(getattr(self, name)) for name in ("first", "reply", "again", "last")}
        start = parts["first"]
        if self.system:
            before, after = map(_go, self.system)
            start = f"{{{{ if $.System }}}}{before}{{{{ $.System }}}}{after}{{{{ else }}}}{start}{{{{ end }}}}"
        end = parts["reply"]
        if self.last != self.reply:
            is_last = "eq (len (slice $.Messages $i)) 1"
            end = f"{{{{ if {is_last} }}}}{parts['last']}{{{{ else }}}}{end}{{{{ end }}}}"
        before = f"{{{{ if $later }}}}{parts['again']}{{{{ else }}}}{start}{{{{ end }}}}"
        return (
            "{{ $later := false }}{{ range $i, $_ := .Messages }}"
            f'{{{{ if eq .Role "user" }}}}{before}{{{{ .Content }}}}{end}{{{{ $later = true }}}}'
            '{{ else if eq .Role "assistant" }}{{ .Content }}{{ end }}{{ end }}'
        )


def turns_of(tokenizer: PreTrainedTokenizerBase) -> Turns:
    """Return the texts around the turns of a tokenizer's chat template.

    The text that starts every prompt (BOS) is left out: llama.cpp and Ollama add it as a token.

    Raises:
        ModelError: The chat template does more than putting texts around turns.
    """
    try:
        whole = _render(tokenizer, [_USER, _REPLY, _AGAIN])
        first, rest = whole.split(_USER)
        reply, rest = rest.split(_REPLY)
        again, last = rest.split(_AGAIN)
        found = Turns(first, _system(tokenizer), reply, again, last)
        is_right = _is_right(tokenizer, found)
    except (ValueError, TemplateError) as error:
        raise ModelError(f"its chat template cannot be read: {error}", fix=_FIX) from None
    if not is_right:
        raise ModelError("its chat template is none that a template of Ollama can express", fix=_FIX)
    return found


def modelfile(folder: Path, source: str, licence: str) -> str:
    """Return the Modelfile for a merged model.

    Args:
        folder: The merged model, whose tokenizer and generation settings are read.
        source: What FROM names, relative to the Modelfile.
        licence: Licence of the base; empty where it is not known.
    """
    tokenizer = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
    ends = GenerationConfig.from_pretrained(folder).eos_token_id
    stops = tokenizer.convert_ids_to_tokens(ends if isinstance(ends, list) else [ends])
    template = turns_of(tokenizer).go_template()
    if '"""' in template:
        raise ModelError("its chat template has three quotes in a row, which no Modelfile can hold", fix=_FIX)
    lines = [f"FROM {source}", f'TEMPLATE """{template}"""']
    lines += [f"PARAMETER stop {json.dumps(stop, ensure_ascii=False)}" for stop in stops]
    # Ollama's own defaults are 0.8 and 1.1; the model was judged without a penalty.
    lines += ["PARAMETER temperature 0", "PARAMETER repeat_penalty 1"]
    lines += [f"LICENSE {json.dumps(f'The base model comes under {licence}.')}"] if licence else []
    return "\n".join(lines) + "\n"


def write_modelfile(folder: Path, merged: Path, source: str, licence: str) -> None:
    """Write the Modelfile into the export ``folder``."""
    write_atomic(folder / "Modelfile", modelfile(merged, source, licence))


def _system(tokenizer: PreTrainedTokenizerBase) -> tuple[str, str] | None:
    try:
        text = _render(tokenizer, [_USER], _SYSTEM)
    except TemplateError:  # templates refuse what they do not know with raise_exception
        return None
    if _SYSTEM not in text:
        return None
    before, rest = text.split(_SYSTEM)
    return before, rest.split(_USER)[0]


def _is_right(tokenizer: PreTrainedTokenizerBase, found: Turns) -> bool:
    user, reply, system, again = _TEXTS
    talks = [([user], ""), ([user, reply, again], ""), ([user, reply, again, reply, user], "")]
    talks += [(texts, system) for texts, _ in talks] if found.system else []
    return all(found.render(_turns(*talk)) == _render(tokenizer, *talk) for talk in talks)


def _render(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], system: str = "") -> str:
    text: Any = tokenizer.apply_chat_template(_turns(texts, system), tokenize=False, add_generation_prompt=True)
    return str(text).removeprefix(tokenizer.bos_token or "")


def _turns(texts: Sequence[str], system: str) -> list[Turn]:
    said = [{"role": ("user", "assistant")[place % 2], "content": text} for place, text in enumerate(texts)]
    return ([{"role": "system", "content": system}] if system else []) + said


def _go(text: str) -> str:
    """Return a text so that Go's templates write it as it is."""
    # Each brace, because one at the end would be taken for a part of the action that follows.
    return text.replace("{", '{{ "{" }}')
