"""Teachers write the candidate programs that training data is selected from.

A teacher is a file in this folder, or an entry point `codekiln.teachers`, with one class derived from `Teacher`; the
file's name is the teacher's name.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from codekiln import plugins
from codekiln.data.records import Problem, Sample


class TeacherSettings(BaseModel):
    """Base of a teacher's own settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


S = TypeVar("S", bound=TeacherSettings)


class Teacher(ABC, Generic[S]):
    """Writes candidate programs for problems; generic over its settings, so that ``self.settings`` is typed.

    Args:
        settings: The teacher's own settings, an instance of its ``Settings``.
        seed: Seeds every random choice; a problem's candidates do not depend on the other problems.

    Attributes:
        name: The teacher's file name, with ``-`` for ``_``.
        describe: One sentence for the table of teachers.
        Settings: The schema of the teacher's own settings.
        shows_progress: Whether `solve` shows progress itself, by reply and not by problem.
    """

    name: ClassVar[str]
    describe: ClassVar[str]
    Settings: ClassVar[type[TeacherSettings]] = TeacherSettings
    shows_progress: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        cls.name = plugins.name_of(cls)

    def __init__(self, settings: S, *, seed: int) -> None:
        self.settings, self.seed = settings, seed

    @abstractmethod
    def solve(self, problems: Iterable[Problem]) -> Iterator[tuple[Problem, list[Sample]]]:
        """Yield each problem with its candidate solutions, in order and lazily; a problem may have none."""

    def check(self) -> None:  # noqa: B027 - a teacher with nothing to check inherits this
        """Raise InputError when the teacher cannot work with its settings; makes no paid request."""

    def usage(self) -> dict[str, float]:
        """Return the cost so far, for the data set's manifest; empty for a teacher that costs nothing."""
        return {}


_TEACHERS: plugins.ModulePlugins[type[Teacher[Any]]] = plugins.ModulePlugins(
    "teacher", __name__, plugins.subclass_in(Teacher)
)

names = _TEACHERS.names
get = _TEACHERS.get
