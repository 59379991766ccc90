"""The input of a sampling run as a JSON file, so that any launcher can start it."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from codekiln import __version__
from codekiln.inference import Sampling
from codekiln.inference.engine_settings import Engine, VllmSettings
from codekiln.launch.job import Job


class SamplingJob(Job):
    """A base model, with or without an adapter, writes programs for problems."""

    module: ClassVar[str] = "codekiln.inference.sampling"
    folders: ClassVar[tuple[str, ...]] = ("adapter", "problems")

    base: str = Field(description="a name of the model table, a folder or a Hub id")
    adapter: Path | None = Field(None, description="folder of an adapter; empty: the base model alone")
    problems: Path = Field(description="folder of Problem rows")
    output: Path = Field(description="folder that gets the Sample rows")
    sampling: Sampling = Sampling()
    engine: Engine = Field("transformers", description="what samples")
    vllm: VllmSettings = VllmSettings()
    label: str = Field(description="what the samples' field 'model' says")
    code_version: str = Field(__version__, description="for the manifest")
