"""The rows of the recipe: those of the user's training files, or the shipped ones."""

from collections.abc import Iterator, Sequence

from codekiln.data.training_files.files import read_files
from codekiln.data.training_files.forms import TrainingRow
from codekiln.data.training_files.turns import Turn


def read(files: Sequence[str]) -> list[TrainingRow]:
    """Return the rows of all files, in order; without a file the shipped ones.

    Raises:
        InputErrors: See `codekiln.data.training_files.files.read_files`.
    """
    return read_files(files) if files else list(_embedded())


def _embedded() -> Iterator[TrainingRow]:
    """Yield examples and pairs of problems that codekiln ships: their references, and a pair with a longer program."""
    from codekiln import demo

    for number, problem in enumerate(demo.problems("train", count=60)):
        prompt, good = (Turn("user", problem.prompt),), _fenced(problem.reference or "")
        replies = (good,) if number % 2 else (good, _fenced(_longer(problem.reference or "")))
        yield TrainingRow(f"embedded:{number + 1}", prompt, replies, replies)


def _fenced(program: str) -> str:
    return f"```python\n{program.strip()}\n```"


def _longer(program: str) -> str:
    """Return the program with a line that does nothing after its first one."""
    head, _, body = program.strip().partition("\n")
    return f"{head}\n    unused = None\n{body}"
