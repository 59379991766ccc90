"""The base class of jobs: a JSON file that names input and output folders, and the module that runs it."""

from pathlib import Path
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from codekiln.data.files import validation_errors
from codekiln.errors import InputError, InputErrors


class Job(BaseModel):
    """A unit of work that runs in this process or on a GPU pool.

    Attributes:
        module: The package that runs it: ``python -m MODULE JOB.json`` in a process of its own, ``MODULE.run.run(job)``
            in this one.
        folders: The fields that are input folders, which are copied to where the job runs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    module: ClassVar[str]
    folders: ClassVar[tuple[str, ...]]

    output: Path = Field(description="folder that gets the results")
    title: str = Field("", description="what lines of progress call the job; nothing that it computes depends on it")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a job from a JSON file; relative folders are relative to it.

        Raises:
            InputError: There is no such file, or its content is not such a job; names every mistake.
        """
        if not path.is_file():
            raise InputError("no such file", where=str(path), fix="give a job written by codekiln")
        try:
            job = cls.model_validate_json(path.read_bytes())
        except ValidationError as error:
            raise InputErrors(validation_errors(error, str(path), "correct the field")) from None
        folders = {name: getattr(job, name) for name in (*cls.folders, "output")}
        update = {name: path.parent / folder for name, folder in folders.items() if folder is not None}
        return job.model_copy(update=update)
