"""The examples in the help of the commands, and how a test runs them in its own process."""

import re
import shlex
from pathlib import Path

from click.testing import CliRunner, Result

from codekiln.cli import main

COMMANDS = sorted(main.commands)


def example(name: str) -> str:
    """Return the example in the help of a command, on one line."""
    text = CliRunner().invoke(main, [name, "--help"], prog_name="codekiln").stdout
    found = re.search(r"^  Example: ((?:.*\\\n)*.*(?:\n  \S.*)*)$", text, re.MULTILINE)
    assert found, text
    return re.sub(r"\\?\n\s*", " ", found[1])


def words_of(line: str) -> tuple[list[str], str]:
    """Return the words of a command behind ``codekiln``, and what it reads."""
    command, _, typed = line.partition(" <<< ")
    first, *words = shlex.split(command)
    assert first == "codekiln"
    return words, "".join(shlex.split(typed)) + "\n" if typed else ""


def run(line: str, folder: Path) -> Result:
    """Run an example in the working directory; a program that it reads from its standard input comes from a file."""
    words, typed = words_of(line)
    (folder / "typed").write_text(typed)
    words = [str(folder / "typed") if word == "/dev/stdin" else word for word in words]
    return CliRunner().invoke(main, words, input=typed, prog_name="codekiln")
