"""What promote proves before it judges: that the evaluation is of this adapter, as it was written, and up to date."""

import json
from pathlib import Path

from codekiln import models
from codekiln.data.manifests import damaged_files
from codekiln.errors import InputError
from codekiln.registry import Version
from codekiln.registry.runs import adapter_digest
from codekiln.settings.schema import Settings
from codekiln.stages.base import StageContext, StageManifest, damage, folder_digest
from codekiln.stages.evaluate import CONTENDERS, EVALUATION

AGAIN = "run the pipeline again, which repeats only what has changed"


def require_own_evaluation(context: StageContext, candidate: str) -> None:
    """Refuse an evaluation that is not of this adapter, problems and settings, and files changed since they were made.

    Args:
        context: Of the promote stage.
        candidate: Name of the adapter among the evaluation's contenders.

    Raises:
        InputError: Which of them it is.
    """
    folders = {"evaluation": context.inputs["evaluation"], "adapter": context.inputs["adapter"]}
    manifests = {name: StageManifest.read(folder) for name, folder in folders.items()}
    for name, folder in folders.items():
        for path, detail in damaged_files(folder, manifests[name].files):
            raise damage(path, detail, folder)
    evaluation, where = manifests["evaluation"], str(folders["evaluation"])
    wanted = {"evaluation_problems": context.inputs["evaluation_problems"], candidate: folders["adapter"]}
    for name, folder in wanted.items():
        if evaluation.inputs.get(name) != folder_digest(folder):
            raise InputError(f"is no evaluation of {folder}", where=where, fix="give the folders of one run")
    own = {key: context.settings.section(key) for key in evaluation.settings}
    if changed := [key for key in own if own[key] != evaluation.settings[key]]:
        raise InputError(f"was made with other settings of {', '.join(changed)}", where=where, fix=AGAIN)
    if lacking := [name for name in (EVALUATION, CONTENDERS) if name not in evaluation.files]:
        raise InputError(f"has no {lacking[0]}", where=where, fix=AGAIN)


def champion_among(context: StageContext, champion: Version | None) -> str | None:
    """Return the contender that is the champion; None where there is no champion, or the candidate itself is.

    Raises:
        InputError: The evaluation did not compare with the champion, or it adapts another base model.
    """
    if champion is None:
        return None
    require_same_base(context.settings, champion)
    digest, folder = champion.adapter_digest, context.inputs["evaluation"]
    if digest == adapter_digest(context.inputs["adapter"]):
        return None
    contenders: dict[str, str] = json.loads((folder / CONTENDERS).read_bytes())
    if digest not in contenders.values():
        raise InputError(
            f"version {champion.version} of '{champion.name}' became champion after the evaluation, which does not "
            "compare with it; nothing is judged",
            where=str(folder),
            fix=f"{AGAIN}; or `codekiln judge {_address(context.inputs['adapter'])}`",
        )
    return next(name for name, found in contenders.items() if found == digest)


def require_same_base(settings: Settings, version: Version) -> None:
    """Refuse a version, as a champion to compare with or as the one to promote, that adapts another base model.

    Raises:
        InputError: It does.
    """
    spec = models.get(settings.base_model)
    base = (version.tags.get("base_model"), version.tags.get("base_revision"))
    if base != (spec.id, spec.revision):
        raise InputError(
            f"version {version.version} of '{version.name}' adapts {base[0]} ({base[1]}), and this run adapts "
            f"{spec.id} ({spec.revision})",
            where="promote_as",
            fix="choose another registered model name",
        )


def _address(adapter: Path) -> str:
    return f"models:/{StageManifest.read(adapter).tracking.get('model_id', 'NAME/VERSION')}"
