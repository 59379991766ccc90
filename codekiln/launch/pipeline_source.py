"""What a run on Kubeflow Pipelines is made from: a compiled file, or a version that the server holds."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from codekiln import __version__
from codekiln.errors import InputError, did_you_mean

OUR_IMAGE = re.compile(r"codekiln/\w+:")


@dataclass(frozen=True)
class PipelineSource:
    """A compiled pipeline, and how a run refers to it.

    Attributes:
        title: What messages call it.
        spec: The pipeline, as KFP's intermediate representation.
        platform: Its settings for Kubernetes.
        reference: Arguments of the SDK's ``run_pipeline`` that name it.
    """

    title: str
    spec: Mapping[str, Any]
    platform: Mapping[str, Any] = field(default_factory=dict)
    reference: Mapping[str, str] = field(default_factory=dict)

    @property
    def inputs(self) -> dict[str, Mapping[str, Any]]:
        """Its inputs by name: type, default, and whether it may be left out."""
        found: dict[str, Mapping[str, Any]] = self.spec["root"].get("inputDefinitions", {}).get("parameters", {})
        return found

    def default(self, name: str) -> Any:
        """Return the default of an input; empty when there is none."""
        return self.inputs.get(name, {}).get("defaultValue", "")

    def check(self, arguments: Mapping[str, Any]) -> None:
        """Raise ``InputError`` when it does not take an argument, or needs another one."""
        if unknown := sorted(set(arguments) - set(self.inputs)):
            fix = did_you_mean(unknown[0], sorted(self.inputs))
            raise InputError(f"the pipeline takes no '{unknown[0]}'", where=self.title, fix=fix)
        for name, about in self.inputs.items():
            if name not in arguments and not about.get("isOptional") and "defaultValue" not in about:
                raise InputError(f"the pipeline needs '{name}'", where=self.title, fix=f"give --{name}")

    def lacks(self, arguments: Iterable[str]) -> list[str]:
        """Return what a run with these arguments would not have, where a chart's pipeline has it."""
        image, missing = str(self.default("image")), []
        if OUR_IMAGE.match(image) and "image" not in arguments:
            missing.append(f"steps run the image {image}, without a registry: --image names yours")
        executors = self.platform.get("platforms", {}).get("kubernetes", {}).get("deploymentSpec", {})
        if not any("pvcMount" in settings for settings in executors.get("executors", {}).values()):
            missing.append("steps mount no shared volume: with a pool, it works only where the exchange is a bucket")
        return missing


def read_package(path: Path) -> PipelineSource:
    """Return a compiled pipeline: YAML of one or two documents, the pipeline and its settings for Kubernetes."""
    spec, *platform = yaml.safe_load_all(path.read_text(encoding="utf-8"))
    return PipelineSource(str(path), spec, platform[0] if platform else {}, {"pipeline_package_path": str(path)})


def is_of_release(version: str, pipeline: str, release: str = __version__) -> bool:
    """Return whether the chart of a release gives a version such a name.

    The upload names it by release and content, Kubernetes objects also by pipeline, where a ``+`` is not allowed.
    """
    releases = "|".join(re.escape(each) for each in (release, release.replace("+", "-").lower()))
    return re.fullmatch(rf"(?:{re.escape(pipeline)}-)?(?:{releases})-[0-9a-f]{{8,10}}", version) is not None
