"""What the pages of the repository hold: files shown whole, commands, links."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"`(?P<path>[\w./-]+)`:\n\n```\w+\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)
# Languages of blocks that hold commands; others hold files, or what a command prints.
COMMANDS = ("console", "sh", "")


def pages() -> list[Path]:
    """Return every page of the repository that people read."""
    folders = ("docs", "charts", "manifests", "images", "benchmarks")
    return sorted([*ROOT.glob("*.md"), *(path for folder in folders for path in (ROOT / folder).rglob("*.md"))])


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def files(text: str) -> dict[str, str]:
    """Return the files that a text shows whole, by path: a path and a colon, then a block."""
    return {match["path"]: match["text"] for match in FILE.finditer(text)}


def commands(text: str) -> Iterator[str]:
    """Yield the commands of a text, each on one line and without comments."""
    for block in FENCE.finditer(text):
        if block["language"] in COMMANDS:
            yield from _commands(re.sub(r"\\\n\s*", "", block["text"]), block["language"])


def _commands(text: str, language: str) -> Iterator[str]:
    for line in text.splitlines():
        command = line.removeprefix("$ ")
        # Without a language a block may hold anything; only what starts codekiln is a command.
        shown = line.startswith("$ ") or language == "sh" or (not language and line.startswith("codekiln "))
        if shown and (words := shlex.split(command, comments=True)):
            yield shlex.join(words)


def run(command: str, folder: Path, more: Sequence[str] = (), typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command of a page in ``folder``, with this Python and more words behind it.

    Those of codekiln run in this process, which has loaded what they need, unless they start steps of a pipeline.
    """
    first, *words = shlex.split(command)
    if first == "codekiln" and words[0] not in ("run", "judge"):
        return _run_here([*words, *more], folder, typed)
    start = {"codekiln": [sys.executable, "-m", "codekiln"], ".venv/bin/python": [sys.executable]}.get(first, [first])
    return subprocess.run(
        [*start, *words, *more], cwd=folder, input=typed, capture_output=True, text=True, timeout=600,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def _run_here(words: list[str], folder: Path, typed: str) -> subprocess.CompletedProcess[str]:
    from codekiln.cli import main

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        done = CliRunner().invoke(main, words, input=typed)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return subprocess.CompletedProcess(["codekiln", *words], done.exit_code, done.stdout, done.stderr)


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    prose = FENCE.sub("", text)
    titles = (match["title"].replace("`", "").lower() for match in HEADING.finditer(prose))
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


def links(text: str) -> Iterator[str]:
    """Yield the targets of a page's links, code left out."""
    prose = re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))
    yield from (match["target"] for match in LINK.finditer(prose))
