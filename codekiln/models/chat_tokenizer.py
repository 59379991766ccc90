"""Chat templates: the one place where conversations become tokens, for training and for sampling."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from codekiln.data.records import Message
from codekiln.errors import ModelError
from codekiln.models import BaseModelSpec
from codekiln.models.hub_access import read_error

if TYPE_CHECKING:  # transformers takes seconds to import
    from transformers import GenerationConfig, PreTrainedTokenizerBase

# Stands for any text of a turn, to find what the template writes after it.
_PROBE = "codekiln"


class ChatTokenizer:
    """A tokenizer with its model's chat template.

    Args:
        spec: The base model.
        tokenizer: A transformers tokenizer with a chat template.

    Raises:
        ModelError: The tokenizer has no chat template, or the template does not end an assistant turn with a token.
    """

    def __init__(self, spec: BaseModelSpec, tokenizer: "PreTrainedTokenizerBase") -> None:
        if not tokenizer.chat_template:
            raise ModelError(f"{spec.name}: its tokenizer has no chat template; use an instruction-tuned model")
        self.spec, self.tokenizer = spec, tokenizer
        self.end_of_turn: str = spec.end_of_turn or self._find_end_of_turn()
        if self.end_of_turn not in tokenizer.get_vocab():
            raise ModelError(f"{spec.name}: end-of-turn '{self.end_of_turn}' is not a token of its tokenizer")
        self.end_of_turn_id = cast(int, tokenizer.convert_tokens_to_ids(self.end_of_turn))

    def render(self, messages: Sequence[Message], reply: bool) -> str:
        """Return the conversation as the template renders it; ``reply`` opens the assistant's turn."""
        rendered = self.tokenizer.apply_chat_template(
            [message.model_dump() for message in messages],
            tokenize=False,
            add_generation_prompt=reply,
            **self.spec.template_kwargs,
        )
        return cast(str, rendered)  # the other types are for tokenize=True and for several conversations

    def encode(self, texts: list[str]) -> list[list[int]]:
        """Return token ids of rendered texts; special tokens are not added, because the template has written them."""
        return cast(list[list[int]], self.tokenizer(texts, add_special_tokens=False)["input_ids"]) if texts else []

    def prompts(self, conversations: Sequence[Sequence[Message]]) -> list[list[int]]:
        """Return the token ids of each conversation as a prompt, up to the start of the assistant's turn."""
        return self.encode([self.render(messages, reply=True) for messages in conversations])

    def conversations(self, conversations: Sequence[Sequence[Message]]) -> list[list[int]]:
        """Return the token ids of whole conversations, the assistant's turn included and ended."""
        return self.encode([self.render(messages, reply=False) for messages in conversations])

    def decode(self, ids: Sequence[int]) -> str:
        """Return the exact text of token ids, special tokens included."""
        text = self.tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return cast(str, text)  # a list of texts only for several rows of ids

    def stop_tokens(self, settings: "GenerationConfig | None") -> frozenset[int]:
        """Return the ids of all tokens that end a reply: of a turn, of a text, and those of the model's settings."""
        ends = settings.eos_token_id if settings else None
        found = {self.end_of_turn_id, self.tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])}
        return frozenset(found - {None})

    def _find_end_of_turn(self) -> str:
        turn = (Message(role="user", content=_PROBE), Message(role="assistant", content=_PROBE))
        tail = self.render(turn, reply=False).rpartition(_PROBE)[2].strip()
        known: list[str] = [token for token in self.tokenizer.get_added_vocab() if tail.startswith(token)]
        if not known:
            raise ModelError(f"{self.spec.name}: its chat template ends a turn with {tail!r}, not with a token")
        return max(known, key=len)


def load_chat_tokenizer(spec: BaseModelSpec) -> ChatTokenizer:
    """Load the tokenizer of a base model.

    Raises:
        InputError: There is no such model, or the Hub does not let us read it.
        ModelError: It cannot be used for chat.
    """
    from transformers import AutoTokenizer

    try:
        # Without it transformers would ask, at a terminal, whether to run code of the model's repository.
        revision = spec.hub_revision or "main"
        tokenizer = AutoTokenizer.from_pretrained(spec.source, revision=revision, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise read_error(spec, error) from None
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return ChatTokenizer(spec, tokenizer)
