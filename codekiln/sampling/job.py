"""What one sampling run is to do, as a JSON file, so that any launcher can start it."""

from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from codekiln import __version__
from codekiln.dataset import validation_errors
from codekiln.errors import InputError, InputErrors
from codekiln.inference import Sampling


class SamplingJob(BaseModel):
    """A base model, with or without an adapter, writes programs for problems."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    module: ClassVar[str] = "codekiln.sampling"
    folders: ClassVar[tuple[str, ...]] = ("adapter", "problems")

    base: str = Field(description="a name of the model table, a folder or a Hub id")
    adapter: Path | None = Field(None, description="folder of an adapter; empty: the base model alone")
    problems: Path = Field(description="folder of Problem rows")
    output: Path = Field(description="folder that gets the Sample rows")
    sampling: Sampling = Sampling()
    label: str = Field(description="what the samples' field 'model' says")
    code_version: str = Field(__version__, description="for the manifest")


def read_job(path: Path) -> SamplingJob:
    """Read a job from a JSON file; relative folders are relative to it.

    Raises:
        InputError: There is no such file, or it is not a job; every mistake is named.
    """
    if not path.is_file():
        raise InputError("no such file", where=str(path), fix="give a job written by codekiln")
    try:
        job = SamplingJob.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise InputErrors(validation_errors(error, str(path), "correct the field")) from None
    places = {name: getattr(job, name) for name in (*SamplingJob.folders, "output")}
    return job.model_copy(update={name: path.parent / place for name, place in places.items() if place is not None})
