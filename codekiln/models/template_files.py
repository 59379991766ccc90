"""A model's chat template from its files, without transformers: steps of a pipeline that only check have none."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from huggingface_hub import hf_hub_download
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, LocalEntryNotFoundError

from codekiln.data.text import read_text
from codekiln.errors import InputError
from codekiln.models import BaseModelSpec
from codekiln.models.chat_form import ChatForm, TemplateSource, read_form
from codekiln.models.hub_access import read_error
from codekiln.models.model_kind import check_base_kind
from codekiln.models.weight_files import read_json

TEMPLATE, CONFIG, TOKENIZER = "chat_template.jinja", "tokenizer_config.json", "tokenizer.json"
VOCABULARIES = (TOKENIZER, "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model", "tekken.json")
"""Files that may hold a tokenizer's vocabulary; without one transformers makes an empty tokenizer of some models."""
# Vocabularies may have a few tokens more than the model embeds, such as Gemma's for images.
_SURPLUS = 1.05
_FIX = "put the tokenizer's files beside the weights, or give the model's folder as it was downloaded"
_Find = Callable[[str], Path | None]


def form_of(spec: BaseModelSpec) -> ChatForm:
    """Read a base model's chat template and find out what to do about it.

    Raises:
        InputError: There is none, its files cannot be read, or nothing can be done about it.
    """
    if spec.hub_revision is not None:  # a folder's was checked with its weights
        check_base_kind(spec, _json(_finder(spec)("config.json")))
    form = read_form(source_of(spec), spec.template_kwargs, spec.end_of_turn)
    check_vocabulary(spec, form.template + form.end_of_turn)
    return form


def check_vocabulary(spec: BaseModelSpec, text: str = "") -> None:
    """Refuse a tokenizer without a vocabulary, or with tokens in it that the model does not embed.

    Args:
        spec: The model.
        text: What has the tokens that are needed.

    Raises:
        InputError: It is another model's tokenizer, or tokens were added to it alone.
    """
    find = _finder(spec)
    if not any(find(name) for name in VOCABULARIES):
        raise InputError(f"has no tokenizer ({TOKENIZER})", where=spec.source, fix=_FIX)
    tokenizer, size = _json(find(TOKENIZER)), embedded(spec)
    if size is None:
        return
    words = len((tokenizer.get("model") or {}).get("vocab") or ())
    if words > _SURPLUS * size:
        what = f"its tokenizer has {words:,} tokens, and the model embeds {size:,}"
        raise InputError(what, where=spec.source, fix=_FIX)
    for token in tokenizer.get("added_tokens") or []:
        if token["id"] >= size and token["content"] in text:
            what = f"its token {token['content']} has the number {token['id']:,}, and the model embeds {size:,}"
            fix = "give the model whose embedding was resized with its tokenizer (resize_token_embeddings)"
            raise InputError(what, where=spec.source, fix=fix)


def embedded(spec: BaseModelSpec) -> int | None:
    """Return how many tokens a base model embeds, by its configuration; None where that does not say."""
    config = _json(_finder(spec)("config.json"))
    size = config.get("vocab_size") or (config.get("text_config") or {}).get("vocab_size")
    return size if isinstance(size, int) else None


def source_of(spec: BaseModelSpec) -> TemplateSource:
    """Return a base model's chat template and tokens as its files hold them.

    Raises:
        InputError: It has no tokenizer, or a file cannot be read.
    """
    find = _finder(spec)
    config, tokenizer = _json(find(CONFIG)), _json(find(TOKENIZER))
    if not config and not tokenizer:
        raise InputError(f"has no tokenizer ({CONFIG}, {TOKENIZER})", where=spec.source, fix=_FIX)
    tokens = _special_tokens({**_json(find("special_tokens_map.json")), **config})
    added = {str(token.get("content")) for token in tokenizer.get("added_tokens") or []}
    added |= {str(token.get("content")) for token in (config.get("added_tokens_decoder") or {}).values()}
    added |= set(_json(find("added_tokens.json")))
    return TemplateSource(spec.name, _template(find, config), tokens, frozenset(added))


def _finder(spec: BaseModelSpec) -> _Find:
    return partial(_on_hub, spec) if spec.hub_revision is not None else partial(_in_folder, Path(spec.source))


def _template(find: _Find, config: Mapping[str, Any]) -> str | dict[str, str] | None:
    # As transformers does: a file of its own counts, and what the configuration says does not where there is one.
    if path := find(TEMPLATE):
        return read_text(path)
    found = config.get("chat_template")
    return {one["name"]: one["template"] for one in found} if isinstance(found, list) else found


def _special_tokens(config: Mapping[str, Any]) -> dict[str, str]:
    tokens = {name: value for name, value in config.items() if name.endswith("_token")}
    texts = {name: value.get("content") if isinstance(value, dict) else value for name, value in tokens.items()}
    return {name: text for name, text in texts.items() if isinstance(text, str)}


def _in_folder(folder: Path, name: str) -> Path | None:
    return folder / name if (folder / name).is_file() else None


def _on_hub(spec: BaseModelSpec, name: str) -> Path | None:
    try:
        return Path(hf_hub_download(spec.id, name, revision=spec.hub_revision))
    except LocalEntryNotFoundError as error:  # the Hub was not asked
        raise read_error(spec, error) from None
    except EntryNotFoundError:
        return None
    except (OSError, HfHubHTTPError) as error:
        raise read_error(spec, error) from None


def _json(path: Path | None) -> dict[str, Any]:
    return read_json(path) if path else {}
