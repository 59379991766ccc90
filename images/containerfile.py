"""Read a Containerfile: its stages, and the instructions of each with continued lines joined."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

VARIABLE = re.compile(r"\$(?:\{(?P<name>\w+)(?::(?P<how>[-+])(?P<word>[^}]*))?\}|(?P<bare>\w+))")


@dataclass(frozen=True)
class Instruction:
    """One instruction: its word in capitals, the rest as written, and the line it starts on."""

    word: str
    rest: str
    line: int

    def pairs(self) -> dict[str, str]:
        """Return the names and values of an ENV, LABEL or ARG; an ARG without a default has the empty value."""
        return dict((*word.split("=", 1), "")[:2] for word in shlex.split(self.rest))


@dataclass
class Stage:
    """One stage: what it starts from, its name and its instructions."""

    base: str
    name: str
    instructions: list[Instruction] = field(default_factory=list)

    def of(self, *words: str) -> list[Instruction]:
        """Return the instructions with one of these words."""
        return [one for one in self.instructions if one.word in words]

    def environment(self) -> dict[str, str]:
        """Return what ENV sets, with variables as written."""
        return {name: value for one in self.of("ENV") for name, value in one.pairs().items()}


def instructions(text: str) -> list[Instruction]:
    """Split a Containerfile into instructions; comments go, also between continued lines."""
    found, words, start = [], "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or not (words or line.strip()):
            continue
        start = start if words else number
        words += line.strip().removesuffix("\\")
        if not line.rstrip().endswith("\\"):
            word, _, rest = words.partition(" ")
            found.append(Instruction(word.upper(), rest.strip(), start))
            words = ""
    return found


def stages(path: Path) -> tuple[list[Instruction], list[Stage]]:
    """Return the ARGs before the first FROM, and the stages."""
    before: list[Instruction] = []
    found: list[Stage] = []
    for one in instructions(path.read_text()):
        if one.word == "FROM":
            words = one.rest.split()
            found.append(Stage(words[0], words[2] if len(words) == 3 else str(len(found))))
        elif found:
            found[-1].instructions.append(one)
        else:
            before.append(one)
    return before, found


def substitute(text: str, values: Mapping[str, str]) -> str:
    """Put values in place of $NAME, ${NAME}, ${NAME:-default} and ${NAME:+word}."""

    def value(found: re.Match[str]) -> str:
        known = values.get(found["name"] or found["bare"], "")
        if found["how"] == "-":
            return known or found["word"]
        return (found["word"] if known else "") if found["how"] == "+" else known

    return VARIABLE.sub(value, text)
