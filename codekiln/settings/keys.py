"""The names of all settings, as a list that is read at once: `codekiln.settings.schema` takes a second to import."""

from pathlib import Path

FILE = Path(__file__).with_name("keys.txt")
"""One setting a line, with a tab and what it does; ``make docs`` writes it."""


def known() -> dict[str, str]:
    """Return what each setting does, by its name as ``--set`` takes it; those of codekiln's own plug-ins too."""
    lines = FILE.read_text(encoding="utf-8").rstrip("\n").split("\n")
    return {key: about for key, _, about in (line.partition("\t") for line in lines)}
