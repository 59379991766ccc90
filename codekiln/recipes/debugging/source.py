"""Reads a folder of exercises: each a description and a correct program, in any of these forms.

    rivers.toml              description, program, and if wanted stdin = [...] and calls = [...]
    rivers/                  a description (description.txt, .md), one .py file, stdin/*.txt or input*.txt, calls.txt
    rivers.py, rivers.txt    a program beside its description
    rivers.py                a program whose docstring is the description
    rivers.txt or .xml       <description>...</description><correct-program>...</correct-program>

Folders without an exercise of their own are searched. Everything that cannot be read is reported at once. The exercises
that codekiln ships are such a folder, ``content/``.
"""

import ast
import hashlib
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from codekiln.data.normalise import parse
from codekiln.errors import InputError, InputErrors
from codekiln.recipes.debugging.lenient_parser import find, program_text
from codekiln.recipes.debugging.material import ExerciseMaterial, text_of

PROSE = (".txt", ".md")
NOTICES = ("readme", "license", "licence", "requirements")
_KEYS = {"description": str, "program": str, "stdin": list, "calls": list}


@cache
def embedded() -> tuple[ExerciseMaterial, ...]:
    """Return the exercises that codekiln ships, in order of their names."""
    return tuple(read_content(Path(__file__).parent / "content", source="embedded", licence="Apache-2.0"))


def folder_digest(folder: Path) -> str:
    """Return the sha256 of a folder's files, their names included."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def read_content(folder: Path, *, source: str = "", licence: str = "") -> list[ExerciseMaterial]:
    """Return the exercises of ``folder``, in order of their names.

    Args:
        folder: The folder.
        source: The ``source`` of all materials; empty: each one's file.
        licence: Their licence, where known.

    Raises:
        InputErrors: There is no such folder, nothing in it is an exercise, or some cannot be read.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputErrors([InputError("no such folder", where=str(folder), fix="give a folder of exercises")])
    found: list[ExerciseMaterial] = []
    errors: list[InputError] = []
    for path in _entries(folder):
        try:
            found.append(_read(path))
        except ValueError as error:
            fix = "see docs/recipes/debugging.md for how an exercise is written"
            errors.append(InputError(str(error), where=str(path), fix=fix))
    found = _with_unique_names(found, folder)
    # Names that are equal with their folders too, such as one exercise in two forms.
    names = Counter(item.name for item in found)
    errors += [
        InputError(f"{count} exercises are called {name!r}", where=str(folder), fix="rename all but one")
        for name, count in names.items()
        if count > 1
    ]
    if not found and not errors:
        errors.append(InputError("holds no exercise", where=str(folder), fix="give a folder of exercises"))
    if errors:
        raise InputErrors(errors)
    with_origin = (replace(item, licence=licence, source=source or item.source) for item in found)
    return sorted(with_origin, key=lambda item: item.name)


def _with_unique_names(materials: list[ExerciseMaterial], folder: Path) -> list[ExerciseMaterial]:
    """Add the folders to names that several exercises have, as in loops/1 and lists/1."""
    names = Counter(item.name for item in materials)
    return [
        replace(item, name=Path(item.source).relative_to(folder).with_suffix("").as_posix())
        if names[item.name] > 1
        else item
        for item in materials
    ]


def _entries(folder: Path) -> Iterator[Path]:
    """Yield each file or folder that is to be one exercise."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "__")):
            continue
        if path.is_dir():
            if any(_suffix(child) == ".py" for child in path.iterdir()) and _prose(path):
                yield path
            else:
                yield from _entries(path)
        elif _suffix(path) in (".toml", ".py", ".xml") or (
            _suffix(path) in PROSE and path.stem.lower() not in NOTICES and not path.with_suffix(".py").exists()
        ):
            yield path


def _read(path: Path) -> ExerciseMaterial:
    if path.is_dir():
        return _from_folder(path)
    readers = {".toml": _from_toml, ".py": _from_program}
    return readers.get(_suffix(path), _from_tags)(path)


def _from_toml(path: Path) -> ExerciseMaterial:
    try:
        values = tomllib.loads(text_of(path))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"not valid TOML: {error}") from None
    if wrong := [key for key in values if key not in _KEYS]:
        raise ValueError(f"unknown keys: {', '.join(wrong)}; known are {', '.join(_KEYS)}")
    for key, kind in _KEYS.items():
        if not isinstance(values.get(key, kind()), kind):
            raise ValueError(f"'{key}' must be a {'text' if kind is str else 'list of texts'}")
    return _material(path.stem, path, values.get("description", ""), values.get("program", ""), values)


def _from_folder(path: Path) -> ExerciseMaterial:
    programs = sorted(child for child in path.iterdir() if _suffix(child) == ".py")
    if len(programs) != 1:
        raise ValueError(f"holds {len(programs)} .py files instead of one")
    inputs = sorted([*path.glob("stdin/*.txt"), *path.glob("input*.txt")])
    calls = path / "calls.txt"
    values = {
        "stdin": [text_of(file) for file in inputs],
        "calls": [line for line in text_of(calls).split("\n") if line.strip()] if calls.exists() else [],
    }
    return _material(path.name, path, text_of(_prose(path)[0]), text_of(programs[0]), values)


def _from_program(path: Path) -> ExerciseMaterial:
    beside = [path.with_suffix(suffix) for suffix in PROSE if path.with_suffix(suffix).exists()]
    program = text_of(path)
    description = text_of(beside[0]) if beside else _docstring(program)
    return _material(path.stem, path, description, program, {})


def _from_tags(path: Path) -> ExerciseMaterial:
    text = text_of(path)
    return _material(path.stem, path, find(text, "description"), program_text(text, "correct-program"), {})


def _material(name: str, path: Path, description: str, program: str, values: dict[str, Any]) -> ExerciseMaterial:
    for key, text in (("description", description), ("program", program)):
        if not text.strip():
            raise ValueError(f"there is no {key}")
    for key in ("stdin", "calls"):
        if not all(isinstance(item, str) for item in values.get(key, [])):
            raise ValueError(f"'{key}' must be a list of texts")
    return ExerciseMaterial(
        name=name,
        description=description.strip(),
        program=program.replace("\r\n", "\n").strip("\n"),
        stdins=tuple(values.get("stdin", ())),
        calls=tuple(values.get("calls", ())),
        source=str(path),
    )


def _prose(folder: Path) -> list[Path]:
    """Return the files of a folder that may be its description, the most likely first."""
    files = [child for child in folder.iterdir() if _suffix(child) in PROSE and child.is_file()]
    files = [child for child in files if child.name != "calls.txt" and not child.name.startswith("input")]
    return sorted(files, key=lambda child: ("description" not in child.stem.lower(), child.name))


def _suffix(path: Path) -> str:
    return path.suffix.lower()


def _docstring(program: str) -> str:
    try:
        return ast.get_docstring(parse(program)) or ""
    except SyntaxError:
        return ""
