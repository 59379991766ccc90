"""Chat templates: the one place where conversations become tokens, for training and for sampling."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from codekiln.data.records import Message
from codekiln.data.text import first_line
from codekiln.errors import InputError
from codekiln.models import BaseModelSpec
from codekiln.models.chat_form import TemplateSource, read_form
from codekiln.models.hub_access import UNREADABLE, read_error
from codekiln.models.template_files import check_vocabulary, embedded
from codekiln.models.template_rendering import FAILURES

if TYPE_CHECKING:  # transformers takes seconds to import
    from transformers import GenerationConfig, PreTrainedTokenizerBase


class ChatTokenizer:
    """A tokenizer with its model's chat template, as `chat_form` changes it.

    Args:
        spec: The base model.
        tokenizer: A transformers tokenizer; its chat template is replaced by the one of ``form``.

    Attributes:
        form: How the model is asked, and what surrounds a reply.

    Raises:
        InputError: The tokenizer has no chat template, or nothing can be done about it.
    """

    def __init__(self, spec: BaseModelSpec, tokenizer: "PreTrainedTokenizerBase") -> None:
        known = frozenset(tokenizer.get_added_vocab())
        tokens = {name: str(token) for name, token in tokenizer.special_tokens_map.items()}
        source = TemplateSource(spec.name, cast(Any, tokenizer.chat_template), tokens, known)
        self.spec, self.tokenizer = spec, tokenizer
        self.form = read_form(source, spec.template_kwargs, spec.end_of_turn)
        tokenizer.chat_template = cast(Any, self.form.template)
        self.end_of_turn = self.form.end_of_turn
        self.end_of_turn_id = cast(int, tokenizer.convert_tokens_to_ids(self.end_of_turn))

    def render(self, messages: Sequence[Message]) -> str:
        """Return the conversation as a prompt, up to where the reply starts.

        Raises:
            InputError: The chat template refuses it.
        """
        try:
            rendered = self.tokenizer.apply_chat_template(
                [message.model_dump() for message in messages], tokenize=False, add_generation_prompt=True
            )
        except FAILURES as error:
            raise InputError(
                f"its chat template refuses a conversation: {first_line(str(error)) or type(error).__name__}",
                where=self.spec.name,
                fix="let the turns of user and assistant alternate, the user's first and last",
            ) from None
        return cast(str, rendered)  # the other types are for tokenize=True and for several conversations

    def reply(self, text: str) -> str:
        """Return what the model learns to write for a reply: its text, and the end of the turn."""
        return f"{self.form.before}{text}{self.form.after}"

    def encode(self, texts: list[str]) -> list[list[int]]:
        """Return token ids of rendered texts; special tokens are not added, because the template has written them."""
        return cast(list[list[int]], self.tokenizer(texts, add_special_tokens=False)["input_ids"]) if texts else []

    def prompts(self, conversations: Sequence[Sequence[Message]]) -> list[list[int]]:
        """Return the token ids of each conversation as a prompt, up to the start of the assistant's turn."""
        return self.encode([self.render(messages) for messages in conversations])

    def replies(self, prompts: Sequence[tuple[str, list[int]]], replies: Sequence[str]) -> list[list[int]]:
        """Return the token ids of replies to rendered prompts and their token ids, the ends of the turns included.

        They are those that the tokenizer makes of prompt and reply together, where the prompt's are the first of these;
        else those of the reply alone, because what is sampled starts after the tokens of the prompt, too.
        """
        texts = [self.reply(reply) for reply in replies]
        wholes = self.encode([prompt + text for (prompt, _), text in zip(prompts, texts, strict=True)])
        found = zip([start for _, start in prompts], wholes, texts, strict=True)
        return [
            whole[len(start) :] if whole[: len(start)] == start else self._alone(text) for start, whole, text in found
        ]

    def conversations(self, conversations: Sequence[Sequence[Message]]) -> list[list[int]]:
        """Return the token ids of whole conversations: of the prompt, then of the reply that is the last turn."""
        texts = [self.render(messages[:-1]) for messages in conversations]
        starts = self.encode(texts)
        asked = list(zip(texts, starts, strict=True))
        replies = self.replies(asked, [messages[-1].content for messages in conversations])
        return [start + reply for start, reply in zip(starts, replies, strict=True)]

    def decode(self, ids: Sequence[int]) -> str:
        """Return the exact text of token ids, special tokens included."""
        text = self.tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return cast(str, text)  # a list of texts only for several rows of ids

    def texts(self, rows: Sequence[Sequence[int]]) -> list[str]:
        """Return sampled replies as they were taught: without special tokens, and without what comes before a reply."""
        found = self.tokenizer.batch_decode(
            [list(row) for row in rows], skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return [text.removeprefix(self.form.before) for text in found]

    def stop_tokens(self, settings: "GenerationConfig | None") -> frozenset[int]:
        """Return the ids of all tokens that end a reply: of a turn, of a text, and those of the model's settings."""
        ends = settings.eos_token_id if settings else None
        found = {self.end_of_turn_id, self.tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])}
        return frozenset(found - {None})

    def _alone(self, text: str) -> list[int]:
        # After a token, so that no tokenizer takes the reply for the start of a text and puts a space before it.
        [ids] = self.encode([self.end_of_turn + text])
        return ids[1:] if ids[0] == self.end_of_turn_id else self.encode([text])[0]


def load_chat_tokenizer(spec: BaseModelSpec) -> ChatTokenizer:
    """Load the tokenizer of a base model.

    Raises:
        InputError: There is no such model, the Hub does not let us read it, or it cannot be used for chat.
    """
    from transformers import AutoTokenizer

    if spec.hub_revision is None:
        check_vocabulary(spec)
    try:
        # Without it transformers would ask, at a terminal, whether to run code of the model's repository.
        revision = spec.hub_revision or "main"
        tokenizer = AutoTokenizer.from_pretrained(spec.source, revision=revision, trust_remote_code=False)
    except UNREADABLE as error:
        raise read_error(spec, error) from None
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    chat = ChatTokenizer(spec, tokenizer)
    if spec.hub_revision is None:
        check_vocabulary(spec, chat.form.template + chat.end_of_turn)
    _complete(chat, embedded(spec))
    return chat


def _complete(chat: ChatTokenizer, size: int | None) -> None:
    """Give a tokenizer the tokens that trainers need: an end of text, and for padding one that the model embeds.

    Nothing is learned of padding, so any token serves; one that was added to the tokenizer alone would be looked up
    outside of the embedding.
    """
    tokenizer = chat.tokenizer
    if tokenizer.eos_token is None:
        tokenizer.eos_token = chat.end_of_turn
    pad = cast(int | None, tokenizer.pad_token_id)
    if pad is None or (size is not None and pad >= size):
        tokenizer.pad_token = tokenizer.eos_token
