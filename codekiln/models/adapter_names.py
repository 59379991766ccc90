"""What an adapter calls its weights where its base was loaded by another class, or another transformers, than here."""

import re
from collections.abc import Collection
from pathlib import Path

from safetensors import safe_open

from codekiln.errors import InputError
from codekiln.models import BaseModelSpec

# transformers 4.52 moved the language model of Gemma 3 and others that also see images one module deeper
# (https://github.com/huggingface/transformers/issues/38927); as a text model it has no name of its own.
_PLACE = re.compile(r"base_model\.model\.(?:(?:model|language_model)\.)*")


def renamed(held: Collection[str], wanted: Collection[str]) -> dict[str, str]:
    """Return the name that each wanted weight has in an adapter; empty unless all are there, and each once."""
    theirs = {_PLACE.sub("", name, count=1): name for name in held}
    if len(theirs) != len(held):
        return {}
    found = {name: theirs[short] for name in wanted if (short := _PLACE.sub("", name, count=1)) in theirs}
    return found if len(found) == len(wanted) else {}


def require_text_names(spec: BaseModelSpec, adapter: Path) -> None:
    """Refuse for vLLM an adapter of a whole checkpoint of which only the language model is loaded.

    vLLM leaves out weights of modules that it does not have, and says nothing.

    Raises:
        InputError: The adapter's weights have the names of the whole checkpoint.
    """
    path = adapter / "adapter_model.safetensors"
    if spec.architecture is None or not path.is_file():
        return
    with safe_open(path, "numpy") as file:
        found = next((name for name in file.keys() if ".language_model." in name), None)  # noqa: SIM118  # no mapping
    if found:
        what = f"names its weights as in the whole of {spec.id} ({found}), which vLLM would leave out"
        fix = "sample with engine = transformers, or serve the merged model: codekiln export --format merged"
        raise InputError(what, where=str(adapter), fix=fix)
