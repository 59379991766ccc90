"""Chat templates: the one place where conversations become tokens, for training and for sampling alike."""

from collections.abc import Sequence
from typing import Any

from codekiln.data.records import Message
from codekiln.errors import InputError, ModelError
from codekiln.models import BaseModelSpec

_PROBE = "codekiln"


class Chat:
    """A tokenizer with its model's chat template.

    Args:
        spec: The base model.
        tokenizer: A transformers tokenizer with a chat template.

    Raises:
        ModelError: The tokenizer has no chat template, or the template does not end an assistant turn with a token.
    """

    def __init__(self, spec: BaseModelSpec, tokenizer: Any) -> None:
        if not tokenizer.chat_template:
            raise ModelError(f"{spec.name}: its tokenizer has no chat template; use an instruction-tuned model")
        self.spec, self.tokenizer = spec, tokenizer
        self.end_of_turn: str = spec.end_of_turn or self._find_end_of_turn()
        if self.end_of_turn not in tokenizer.get_vocab():
            raise ModelError(f"{spec.name}: end-of-turn '{self.end_of_turn}' is not a token of its tokenizer")
        self.end_of_turn_id: int = tokenizer.convert_tokens_to_ids(self.end_of_turn)

    def render(self, messages: Sequence[Message], reply: bool) -> str:
        """Return the conversation as the template writes it; ``reply`` opens the assistant's turn."""
        return self.tokenizer.apply_chat_template(
            [message.model_dump() for message in messages],
            tokenize=False,
            add_generation_prompt=reply,
            **self.spec.template_kwargs,
        )

    def encode(self, texts: list[str]) -> list[list[int]]:
        """Return token ids of rendered texts; the template has already written every special token."""
        return self.tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else []

    def prompts(self, conversations: Sequence[Sequence[Message]]) -> list[list[int]]:
        """Return the token ids that a model is given to answer each conversation."""
        return self.encode([self.render(messages, reply=True) for messages in conversations])

    def conversations(self, conversations: Sequence[Sequence[Message]]) -> list[list[int]]:
        """Return the token ids of whole conversations, the assistant's turn included and ended."""
        return self.encode([self.render(messages, reply=False) for messages in conversations])

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of token ids exactly as it was, special tokens included."""
        return self.tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)

    def _find_end_of_turn(self) -> str:
        turn = (Message(role="user", content=_PROBE), Message(role="assistant", content=_PROBE))
        tail = self.render(turn, reply=False).rpartition(_PROBE)[2].strip()
        known = [token for token in self.tokenizer.get_added_vocab() if tail.startswith(token)]
        if not known:
            raise ModelError(f"{self.spec.name}: its chat template ends a turn with {tail!r}, not with a token")
        return max(known, key=len)


def load_chat(spec: BaseModelSpec) -> Chat:
    """Load the tokenizer of a base model.

    Raises:
        InputError: There is no such model, or the Hub does not let us read it.
        ModelError: It cannot be used for chat.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(spec.source, revision=spec.hub_revision or "main")
    except (OSError, ValueError) as error:
        raise unreachable(spec, error) from None
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return Chat(spec, tokenizer)


def unreachable(spec: BaseModelSpec, error: Exception) -> InputError:
    """Return the error for a base model that could not be read, with what to do about it."""
    first = str(error).strip().splitlines()[0]
    fix = "accept its licence on the Hub and set HF_TOKEN" if spec.gated else "check its name and the network"
    return InputError(f"cannot read base model {spec.id}: {first}", where="base_model", fix=fix)
