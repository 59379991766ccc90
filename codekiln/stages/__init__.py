"""One function per stage: (settings, input folders, output folder) -> summary."""

import importlib

from codekiln.errors import InputError, did_you_mean

# Not imported here: a stage loads what it needs, and most need torch or MLflow.
MODULES = {
    "check": "check",
    "generate": "generate",
    "filter": "filter",
    "sft": "train",
    "dpo": "train",
    "dpo_further": "train",
    "self_generate": "self_generate",
    "fetch": "fetch",
    "evaluate": "evaluate",
    "promote": "promote",
}


def names() -> tuple[str, ...]:
    """Return the names of all stages, in the order of the flow."""
    return tuple(MODULES)


def get(name: str):
    """Return a stage by name.

    Raises:
        InputError: There is no such stage.
    """
    if name not in MODULES:
        raise InputError(f"no stage '{name}'", where="stage", fix=did_you_mean(name, MODULES))
    return getattr(importlib.import_module(f"codekiln.stages.{MODULES[name]}"), name)
