"""What a pipeline is given: the inputs of the run form, and the settings over the profile."""

from collections.abc import Mapping, Sequence
from typing import Any

from codekiln.errors import InputError
from codekiln.settings.overrides import parse_overrides
from codekiln.stages.named_model import REGISTERED, is_registered


def pipeline_arguments(pipeline: str, form: Mapping[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """Return the arguments of a pipeline.

    The run form has nine inputs at most, so judge has none for the recipe: it gets it as a setting.

    Args:
        pipeline: A name, or the path of a compiled pipeline.
        form: The inputs that were given.
        settings: ``KEY=VALUE`` texts.

    Raises:
        InputError: The pipeline ends before that would matter.
        InputErrors: Some setting is not ``KEY=VALUE``.
    """
    given, more = dict(form), []
    if "adapter" in given and is_registered(given["adapter"]):
        given["adapter"] = f"{REGISTERED}{given['adapter'].removeprefix(REGISTERED)}"
    if pipeline == "data" and given.get("promote_as"):
        fix = "leave it out, or run instruct, prefer or align"
        raise InputError("the pipeline data registers no model", where="--promote-as", fix=fix)
    if pipeline == "judge" and "recipe" in given:
        more = [f"recipe={given.pop('recipe')}"]
    overrides = parse_overrides([*settings, *more])
    return {**given, "overrides": overrides}
