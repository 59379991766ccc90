"""Whether an adapter was trained with the chat template that its base model is asked with. Loads no torch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codekiln.errors import InputError
from codekiln.models import BaseModelSpec
from codekiln.models.chat_form import TemplateSource, read_form
from codekiln.models.template_files import CONFIG, source_of
from codekiln.models.template_rendering import FAILURES, render

_ASKED = {"role": "user", "content": "codekiln asks"}
_CONVERSATIONS = ([_ASKED], [{"role": "system", "content": "codekiln rules"}, _ASKED])


def check_template(spec: BaseModelSpec, adapter: Path) -> None:
    """Refuse an adapter whose tokenizer asks otherwise than its base model's.

    Trainers save the tokenizer with its chat template beside the adapter, and codekiln asks with the base model's.

    Raises:
        InputError: The prompts or the ends of replies differ, or the base model has no chat template.
    """
    if not (adapter / CONFIG).is_file():
        return
    theirs, ours = source_of(BaseModelSpec(name=str(adapter), id=str(adapter))), source_of(spec)
    if theirs.template is None or theirs.template == ours.template:
        return
    if _asked(theirs, spec.template_kwargs) == _asked(ours, spec.template_kwargs):
        return
    what = f"has a chat template of its own, and {spec.id} {'has another' if ours.template else 'has none'}"
    fix = "save the base model in a folder with the adapter's tokenizer, and give that as the base model"
    if added := sorted(token for token in theirs.known - ours.known if token in str(theirs.template)):
        what += f"; it needs the tokens {', '.join(added)}, which were added"
        fix = fix.replace(" in a folder", ", its embedding resized (resize_token_embeddings), in a folder")
    if ours.template:
        fix += "; or, if it was trained with the base model's template, remove its own from the adapter's folder"
    raise InputError(what, where=str(adapter), fix=fix)


def _asked(source: TemplateSource, arguments: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the prompts of conversations and what ends a reply; None where the template cannot be used."""
    try:
        form = read_form(source, arguments)
        prompts = [render(form.template, source.tokens, turns, reply=True) for turns in _CONVERSATIONS]
    except (InputError, *FAILURES):
        return None
    return (*prompts, form.end_of_turn)
