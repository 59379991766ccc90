"""The stages of a pipeline, found by name: each fills an output folder from settings and input folders."""

import importlib
from typing import TYPE_CHECKING, cast

from codekiln.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from codekiln.stages.base import Stage

# Stage name to module. A module is imported when its stage is asked for, because most need torch or MLflow.
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


def get(name: str) -> "Stage":
    """Return a stage by name.

    Raises:
        InputError: There is no such stage.
    """
    if name not in MODULES:
        raise InputError(f"no stage '{name}'", where="stage", fix=did_you_mean(name, MODULES))
    return cast("Stage", getattr(importlib.import_module(f"codekiln.stages.{MODULES[name]}"), name))
