"""Reads finished examples of other authors: a user's and an assistant's turn each, in files of the same number.

    fine-tuning-examples/training/user/1.txt        fine-tuning-examples/training/assistant/1.txt
    fine-tuning-examples/test/user/1.txt            fine-tuning-examples/test/assistant/1.txt

The two levels may be the other way round, splits may be called train, training, test, testing, evaluation or
validation, and files may have any suffix or none. Their content is parsed leniently: code may be bare, escaped, in
CDATA, fenced or indented; one tag may hold several lines or explanations, and an explanation without a line has that of
its location. What cannot be read is one example less, with the reason, and not the end of the import.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from codekiln.code.mutation.diff import changes, is_layout
from codekiln.errors import InputError, InputErrors
from codekiln.recipes.debugging.lenient_parser import find, find_all, program_text
from codekiln.recipes.debugging.material import CLASSES, ErrorCounts, ExerciseMaterial, text_of
from codekiln.recipes.debugging.tags import ExerciseRequest, Explanation, write_reply

Split = Literal["training", "test"]
_SPLITS: dict[str, Split] = {"train": "training", "test": "test", "eval": "test", "valid": "test"}
_LINE = re.compile(
    r"^\s*(?:[-*]|\d+[.)])?\s*Lines?\s+(\d+)(?:\s*(?:-|–|to|and|&|,)\s*\d+)*[^\n:.)-]{0,40}[:.)-]\s*",
    re.MULTILINE | re.IGNORECASE,
)


@dataclass(frozen=True)
class ImportedExample:
    """An example as its author wrote it.

    Attributes:
        split: The split it was written for.
        number: Its number in its folder.
        request: The user's turn.
        program: The bugged program of the assistant.
        lines: Every line in ``<error-location>``.
        explanations: Every "Line N: ..." of ``<explanation>``.
        source: The assistant's file.
    """

    split: Split
    number: int
    request: ExerciseRequest
    program: str
    lines: tuple[int, ...]
    explanations: tuple[Explanation, ...]
    source: str

    @property
    def material(self) -> ExerciseMaterial:
        """The exercise it is about, without inputs."""
        return ExerciseMaterial(
            _name(self.split, self.number), self.request.description, self.request.program, source=self.source
        )

    @property
    def reply(self) -> str:
        """The assistant's turn, rewritten in the form of our own replies."""
        return write_reply(self.program, self.explanations)


@dataclass(frozen=True)
class UnreadableExample:
    """An example that cannot be read: its name (``examples/training/3``), its file, and why."""

    name: str
    source: str
    why: str

    @property
    def material(self) -> ExerciseMaterial:
        """The exercise it would be about, of which nothing is known."""
        return ExerciseMaterial(self.name, "", "", source=self.source)


def read_examples(
    folder: Path, training: int | None = None, test: int | None = None
) -> tuple[list[ImportedExample], list[UnreadableExample]]:
    """Return the examples of a folder, training before test, each split by number, and those that cannot be read.

    Args:
        folder: The folder with both splits.
        training: Number of training examples, the first by their numbers; None: all.
        test: Number of test examples; None: all.

    Raises:
        InputErrors: There is no such folder, no example in it, or there are fewer than asked for.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputErrors([InputError("no such folder", where=str(folder), fix="give a folder of finished examples")])
    files, unreadable = _numbered(folder)
    errors: list[InputError] = []
    found: list[ImportedExample] = []
    wanted_of: dict[Split, int | None] = {"training": training, "test": test}
    for split, wanted in wanted_of.items():
        numbers = sorted(files[split])[:wanted]
        if wanted is not None and len(numbers) < wanted:
            what = f"{wanted} {split} examples are asked for, and there are {len(numbers)}"
            errors.append(InputError(what, where=str(folder), fix="ask for fewer, or leave the number empty for all"))
        for number in numbers:
            pair = files[split][number]
            try:
                found.append(_read(split, number, pair))
            except ValueError as error:
                source = str(pair.get("assistant") or pair["user"])
                unreadable.append(UnreadableExample(_name(split, number), source, str(error)))
    if not found and not unreadable and not errors:
        fix = "put them into training/user, training/assistant, test/user and test/assistant"
        errors.append(InputError("holds no examples", where=str(folder), fix=fix))
    if errors:
        raise InputErrors(errors)
    return found, unreadable


def _name(split: Split, number: int | str) -> str:
    return f"examples/{split}/{number}"


def _numbered(folder: Path) -> tuple[dict[Split, dict[int, dict[str, Path]]], list[UnreadableExample]]:
    """Return the files by split, number and role, and those whose names do not say what they are."""
    files: dict[Split, dict[int, dict[str, Path]]] = {"training": {}, "test": {}}
    wrong = []
    for split, role, number, path in _files(folder):
        if number is None:
            why = "has no number in its name: name it 1.txt, or move it away"
            wrong.append(UnreadableExample(_name(split, path.name), str(path), why))
        elif (other := files[split].setdefault(number, {}).setdefault(role, path)) != path:
            why = f"has the number of {other}: give it a number of its own"
            wrong.append(UnreadableExample(_name(split, path.name), str(path), why))
    return files, wrong


def _files(folder: Path) -> Iterator[tuple[Split, str, int | None, Path]]:
    """Yield (split, role, number, file) of every file below a split and a role, without hidden files and readmes."""
    for path in sorted(folder.rglob("*")):
        parts = [part.lower() for part in path.relative_to(folder).parts[:-1]]
        split = next((_SPLITS[start] for part in parts for start in _SPLITS if part.startswith(start)), None)
        role = next((role for part in parts for role in ("user", "assistant") if part.startswith(role)), None)
        number = re.search(r"\d+", path.stem)
        is_other = path.is_dir() or path.name.startswith(".") or path.stem.lower() == "readme"
        if split and role and not is_other:
            yield split, role, int(number[0]) if number else None, path


def _read(split: Split, number: int, pair: dict[str, Path]) -> ImportedExample:
    for role, other in (("user", "assistant"), ("assistant", "user")):
        if role not in pair:
            raise ValueError(f"has no {role} file beside it: {other} {number} stands alone")
    try:
        request = _request(text_of(pair["user"]))
    except ValueError as error:
        raise ValueError(f"the user's turn, {pair['user']}: {error}") from None
    text = text_of(pair["assistant"])
    program = program_text(text, "incorrect-program")
    if not program:
        raise ValueError("<incorrect-program> is empty")
    # One tag may hold several lines, and a line may come as "Line 5" or "5-6": every number counts.
    lines = tuple(int(line) for part in find_all(text, "error-location") for line in re.findall(r"\d+", part))
    if not lines:
        raise ValueError("<error-location> names no line")
    explanations = _explained(find_all(text, "explanation"), lines)
    program, moved = without_layout_changes(request.program, program)
    lines = tuple(moved.get(line, line) for line in lines)
    explanations = tuple(Explanation(moved.get(item.line, item.line), item.text) for item in explanations)
    return ImportedExample(split, number, request, program, lines, explanations, str(pair["assistant"]))


def without_layout_changes(correct: str, bugged: str) -> tuple[str, dict[int, int]]:
    """Return ``bugged`` without changes of nothing but layout, and the lines of its other changes, now by then.

    An author who takes a line out often takes its comment or a blank line with it, or writes spaces otherwise.
    """
    found = changes(correct, bugged)
    try:
        kept = [change for change in found if not is_layout(correct, change)]
    except SyntaxError:
        return bugged, {}
    program = correct
    for change in reversed(kept):
        program = program[: change.start] + change.text + program[change.end :]
    now = changes(correct, program)
    if len(kept) == len(found) or len(now) != len(kept):
        return bugged, {}
    return program, {before.line: after.line for before, after in zip(kept, now, strict=True)}


def _request(text: str) -> ExerciseRequest:
    counts = {}
    for name in CLASSES:
        value = find(text, name).strip()
        if not re.fullmatch(r"[-+]?\d{1,3}", value) or int(value) < 0:
            raise ValueError(f"<{name}> is not a number: {value[:40]!r}")
        counts[name] = int(value)
    if not any(counts.values()):
        raise ValueError("no error is asked for: the three counts are 0")
    program = program_text(text, "correct-program")
    if not program:
        raise ValueError("<correct-program> is empty")
    return ExerciseRequest(find(text, "description").strip(), program, ErrorCounts(**counts))


def _explained(parts: Sequence[str], lines: Sequence[int]) -> tuple[Explanation, ...]:
    """Return all explanations; those that name no line have the lines of their locations, where they are as many."""
    named = [list(_explanations(part)) for part in parts]
    unnamed = [part.strip() for part, found in zip(parts, named, strict=True) if not found and part.strip()]
    if not unnamed and any(named):
        return tuple(item for found in named for item in found)
    texts = [text for part in unnamed for text in _items(part)] if not any(named) else []
    if len(texts) != len(lines):
        raise ValueError(f"no <explanation> says 'Line N: ...': {''.join(unnamed)[:40]!r}")
    return tuple(Explanation(line, " ".join(text.split())) for line, text in zip(lines, texts, strict=True))


def _items(text: str) -> list[str]:
    """Return the paragraphs or list items of a text that holds several explanations."""
    return [item for item in re.split(r"\n\s*(?:\n|[-*]\s|\d+[.)]\s)", f"\n{text}") if item.strip()]


def _explanations(text: str) -> Iterator[Explanation]:
    """Yield each "Line N: ..." of an explanation with the text up to the next."""
    starts = list(_LINE.finditer(text))
    for match, following in zip(starts, [*starts[1:], None], strict=False):
        content = " ".join(text[match.end() : following.start() if following else len(text)].split())
        if content:
            yield Explanation(int(match[1]), content)
