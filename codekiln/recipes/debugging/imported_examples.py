"""Read finished examples that somebody wrote: a user's and an assistant's turn each, in files of the same number.

    fine-tuning-examples/training/user/1.txt        fine-tuning-examples/training/assistant/1.txt
    fine-tuning-examples/test/user/1.txt            fine-tuning-examples/test/assistant/1.txt

The two levels may be the other way round, sides may be called train, training, test, testing, evaluation or
validation, and files may have any suffix or none. What stands in them is read with patience: code may be bare, escaped,
in CDATA, fenced or indented; one tag may hold several lines or explanations. What is not there, or says nothing, is
reported, for all files at once.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from codekiln.errors import InputError, InputErrors
from codekiln.recipes.debugging.lenient_parser import find, find_all, program_text
from codekiln.recipes.debugging.material import CLASSES, Counts, Material
from codekiln.recipes.debugging.tags import Answer, Request, write_reply

Side = Literal["training", "test"]
_SIDES: dict[str, Side] = {"train": "training", "test": "test", "eval": "test", "valid": "test"}
_LINE = re.compile(
    r"^\s*[-*]?\s*Lines?\s+(\d+)(?:\s*(?:-|–|to|and|,)\s*\d+)*\s*[:.)-]\s*", re.MULTILINE | re.IGNORECASE
)


@dataclass(frozen=True)
class Finished:
    """An example as it was written.

    Attributes:
        side: What it was written for.
        number: Its number in its folder.
        request: What the user asks.
        program: The bugged program of the assistant.
        lines: Every line in ``<error-location>``.
        answers: Every "Line N: ..." of ``<explanation>``.
        source: The assistant's file.
    """

    side: Side
    number: int
    request: Request
    program: str
    lines: tuple[int, ...]
    answers: tuple[Answer, ...]
    source: str

    @property
    def material(self) -> Material:
        """The exercise it is about; nothing is known of its inputs."""
        name = f"examples/{self.side}/{self.number}"
        return Material(name, self.request.description, self.request.program, source=self.source)

    @property
    def reply(self) -> str:
        """The assistant's turn, written as ours are."""
        return write_reply(self.program, self.answers)


def read_examples(folder: Path, training: int | None = None, test: int | None = None) -> list[Finished]:
    """Return the examples of a folder, training before test, each side by number.

    Args:
        folder: The folder with the sides.
        training: So many training examples, the first by number; None: all.
        test: So many test examples; None: all.

    Raises:
        InputErrors: A file lacks its partner or cannot be read, or there are fewer examples than asked for.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputErrors([InputError("no such folder", where=str(folder), fix="give a folder of finished examples")])
    files, errors = _numbered(folder)
    found: list[Finished] = []
    for side, wanted in (("training", training), ("test", test)):
        numbers = sorted(files[side])[:wanted]
        if wanted is not None and len(numbers) < wanted:
            what = f"{wanted} {side} examples are asked for, and there are {len(numbers)}"
            errors.append(InputError(what, where=str(folder), fix="ask for fewer, or leave the number empty for all"))
        for number in numbers:
            try:
                found.append(_read(side, number, files[side][number]))
            except ValueError as error:
                pair = files[side][number]
                where = str(pair.get("assistant") or pair["user"])
                errors.append(InputError(str(error), where=where, fix="correct the file, or take the pair away"))
    if not found and not errors:
        fix = "put them into training/user, training/assistant, test/user and test/assistant"
        errors.append(InputError("holds no examples", where=str(folder), fix=fix))
    if errors:
        raise InputErrors(errors)
    return found


def _numbered(folder: Path) -> tuple[dict[Side, dict[int, dict[str, Path]]], list[InputError]]:
    """Return the files by side, number and role, and what is wrong with their names."""
    files: dict[Side, dict[int, dict[str, Path]]] = {"training": {}, "test": {}}
    errors = []
    for side, role, number, path in _files(folder):
        if number is None:
            fix = "name it 1.txt, or move it away"
            errors.append(InputError("has no number in its name", where=str(path), fix=fix))
        elif (other := files[side].setdefault(number, {}).setdefault(role, path)) != path:
            errors.append(InputError(f"has the number of {other}", where=str(path), fix="give it a number of its own"))
    return files, errors


def _files(folder: Path) -> Iterator[tuple[Side, str, int | None, Path]]:
    """Yield (side, role, number, file) of every file below a side and a role; a hidden file and a readme are none."""
    for path in sorted(folder.rglob("*")):
        parts = [part.lower() for part in path.relative_to(folder).parts[:-1]]
        side = next((_SIDES[start] for part in parts for start in _SIDES if part.startswith(start)), None)
        role = next((role for part in parts for role in ("user", "assistant") if part.startswith(role)), None)
        number = re.search(r"\d+", path.stem)
        is_other = path.is_dir() or path.name.startswith(".") or path.stem.lower() == "readme"
        if side and role and not is_other:
            yield side, role, int(number[0]) if number else None, path


def _read(side: Side, number: int, pair: dict[str, Path]) -> Finished:
    for role, other in (("user", "assistant"), ("assistant", "user")):
        if role not in pair:
            raise ValueError(f"has no {role} file beside it: {other} {number} stands alone")
    try:
        asked = _request(_text(pair["user"]))
    except ValueError as error:
        raise ValueError(f"the user's turn, {pair['user']}: {error}") from None
    text = _text(pair["assistant"])
    places = " ".join(find_all(text, "error-location"))
    answers = tuple(answer for part in find_all(text, "explanation") for answer in _answers(part))
    lines = tuple(int(line) for line in re.findall(r"\d+", places))
    if not lines:
        raise ValueError("<error-location> names no line")
    if not answers:
        raise ValueError("no <explanation> says 'Line N: ...'")
    program = program_text(text, "incorrect-program")
    return Finished(side, number, asked, program, lines, answers, str(pair["assistant"]))


def _request(text: str) -> Request:
    counts = {}
    for name in CLASSES:
        value = find(text, name).strip()
        if not re.fullmatch(r"\d{1,3}", value):
            raise ValueError(f"<{name}> is not a number: {value[:40]!r}")
        counts[name] = int(value)
    if not any(counts.values()):
        raise ValueError("no error is asked for: the three counts are 0")
    return Request(find(text, "description").strip(), program_text(text, "correct-program"), Counts(**counts))


def _answers(text: str) -> Iterator[Answer]:
    """Yield each "Line N: ..." of an explanation; what follows it up to the next belongs to it."""
    starts = list(_LINE.finditer(text))
    for match, following in zip(starts, [*starts[1:], None], strict=False):
        said = " ".join(text[match.end() : following.start() if following else len(text)].split())
        if said:
            yield Answer(int(match[1]), said)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name} is not UTF-8 text: {error.reason}") from None
