"""Files that let others talk to a tuned model as codekiln does: tokenizer, chat template, and what ends a reply."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codekiln.models import BaseModelSpec
from codekiln.models.chat_tokenizer import ChatTokenizer, load_chat_tokenizer
from codekiln.models.hub_access import read_error

if TYPE_CHECKING:  # transformers takes seconds to import
    from transformers import GenerationConfig

TEMPLATE, GENERATION = "chat_template.jinja", "generation_config.json"
CHAT_FILES = (
    "tokenizer.json", "tokenizer_config.json", TEMPLATE, "special_tokens_map.json", "added_tokens.json", "vocab.json",
    "merges.txt", "tokenizer.model", "spiece.model", GENERATION,
)  # fmt: skip
"""Names that ``save_chat_files`` may write; which of them a tokenizer needs depends on its kind."""


def save_chat_files(spec: BaseModelSpec, folder: Path) -> None:
    """Write a base model's tokenizer, chat template and generation settings into ``folder``.

    The template has the model's ``template_kwargs`` in it, and the generation settings every token that ends a reply,
    so that programs that know neither ask as the model was asked in training, and stop where it stops.

    Raises:
        InputError: There is no such model, or the Hub does not let us read it.
        ModelError: It cannot be used for chat.
    """
    chat = load_chat_tokenizer(spec)
    if isinstance(chat.tokenizer.chat_template, str):
        chat.tokenizer.chat_template = standalone_template(chat.tokenizer.chat_template, spec.template_kwargs)
    chat.tokenizer.save_pretrained(str(folder))
    write_generation_config(chat, folder)


def standalone_template(template: str, kwargs: dict[str, Any]) -> str:
    """Return a chat template that renders without ``kwargs`` as ``template`` renders with them."""
    # Jinja reads Python's literals.
    values = "".join(f"{{%- set {name} = {value!r} %}}" for name, value in kwargs.items())
    # The environment of chat templates drops a line end after a block.
    return values + ("\n" if values and template.startswith("\n") else "") + template


def write_generation_config(chat: ChatTokenizer, folder: Path) -> None:
    """Write the tokens that end and pad a reply; how it is sampled is left to who asks, greedily by default.

    A repetition penalty or a temperature of the base is not kept: the model was trained and judged without.
    """
    from transformers import GenerationConfig

    tokens = chat.tokenizer
    GenerationConfig(
        bos_token_id=tokens.bos_token_id,
        eos_token_id=sorted(chat.stop_tokens(base_generation_config(chat.spec))),
        pad_token_id=tokens.pad_token_id,
    ).save_pretrained(str(folder))


def base_generation_config(spec: BaseModelSpec) -> "GenerationConfig":
    """Return a base model's generation settings: its own file, or else what its configuration implies.

    Raises:
        InputError: There is no such model, or the Hub does not let us read it.
    """
    from transformers import AutoConfig, GenerationConfig

    revision = spec.hub_revision or "main"
    with contextlib.suppress(OSError):  # no such file: older models keep these values in config.json
        return GenerationConfig.from_pretrained(spec.source, revision=revision)
    try:
        return GenerationConfig.from_model_config(
            AutoConfig.from_pretrained(spec.source, revision=revision, trust_remote_code=False)
        )
    except OSError as error:
        raise read_error(spec, error) from None
