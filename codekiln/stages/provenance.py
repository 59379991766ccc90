"""Where a decision comes from: base model, recipe, versions, and the digests of everything it rests on."""

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version as installed
from typing import Any

from codekiln import models
from codekiln.registry.runs import adapter_digest
from codekiln.stages.base import StageContext, StageManifest, StageRecord

PACKAGES = ("torch", "transformers", "trl", "peft", "radon", "mlflow")


def versions(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Return the versions of Python and of packages that results depend on."""
    return {"Python": platform.python_version(), **{name: installed(name) for name in packages}}


def provenance(context: StageContext) -> dict[str, Any]:
    """Return what the decision of a run rests on.

    ``base_model`` {name, id, revision}, ``recipe``, ``engine`` that sampled, ``seed``, ``versions`` by package, and
    ``digests``: sha256 of the adapter's weights, and of the problems, the evaluation and the training data of each
    stage. The version of codekiln is that of the stages, with a digest of its files.
    """
    settings = context.settings
    manifest = StageManifest.read(context.inputs["evaluation"])
    trained = StageManifest.read(context.inputs["adapter"])
    spec = models.get(settings.base_model)
    return {
        "base_model": {"name": settings.base_model, "id": spec.id, "revision": spec.revision},
        "recipe": settings.recipe,
        "engine": manifest.settings.get("engine", settings.engine),
        "seed": settings.seed,
        "versions": {"codekiln": manifest.code_version, **versions()},
        "digests": {
            "adapter": adapter_digest(context.inputs["adapter"]),
            "problems": manifest.inputs.get("evaluation_problems", ""),
            "evaluation": manifest.digest,
            "data": _data({**trained.lineage, trained.step: trained}),
        },
    }


def _data(lineage: Mapping[str, StageRecord]) -> dict[str, str]:
    """Return the digest of the data that each stage of training read."""
    return {step: record.inputs["data"] for step, record in lineage.items() if "data" in record.inputs}
