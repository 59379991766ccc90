"""Files that let others talk to a tuned model as codekiln does: tokenizer, chat template, and what ends a reply."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from codekiln.models import BaseModelSpec
from codekiln.models.chat_tokenizer import ChatTokenizer, load_chat_tokenizer
from codekiln.models.hub_access import read_error
from codekiln.models.template_files import TEMPLATE

if TYPE_CHECKING:  # transformers takes seconds to import
    from transformers import GenerationConfig

GENERATION = "generation_config.json"
CHAT_FILES = (
    "tokenizer.json", "tokenizer_config.json", TEMPLATE, "special_tokens_map.json", "added_tokens.json", "vocab.json",
    "merges.txt", "tokenizer.model", "spiece.model", GENERATION,
)  # fmt: skip
"""Names that ``save_chat_files`` may write; which of them a tokenizer needs depends on its kind."""


def save_chat_files(spec: BaseModelSpec, folder: Path) -> None:
    """Write a base model's tokenizer, chat template and generation settings into ``folder``.

    The template is the one of `ChatTokenizer`, which needs no arguments, and the generation settings have every token
    that ends a reply, so that other programs ask as the model was asked in training, and stop where it stops.

    Raises:
        InputError: There is no such model, the Hub does not let us read it, or it cannot be used for chat.
    """
    chat = load_chat_tokenizer(spec)
    chat.tokenizer.save_pretrained(str(folder))
    write_generation_config(chat, folder)


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
