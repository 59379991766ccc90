"""What every job has in common: a JSON file that names its folders, and the program that runs it."""

from pathlib import Path
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from codekiln.data.files import validation_errors
from codekiln.errors import InputError, InputErrors


class Job(BaseModel):
    """A piece of work that can be run here or sent to a GPU pool.

    Attributes:
        module: The package that runs it: ``python -m MODULE JOB.json`` in a process of its own, ``MODULE.run.run(job)``
            in this one.
        folders: The fields that are input folders, and travel with it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    module: ClassVar[str]
    folders: ClassVar[tuple[str, ...]]

    output: Path = Field(description="folder that gets the results")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a job from a JSON file; relative folders are relative to it.

        Raises:
            InputError: There is no such file, or it is not such a job; every mistake is named.
        """
        if not path.is_file():
            raise InputError("no such file", where=str(path), fix="give a job written by codekiln")
        try:
            job = cls.model_validate_json(path.read_bytes())
        except ValidationError as error:
            raise InputErrors(validation_errors(error, str(path), "correct the field")) from None
        places = {name: getattr(job, name) for name in (*cls.folders, "output")}
        return job.model_copy(update={name: path.parent / place for name, place in places.items() if place is not None})
