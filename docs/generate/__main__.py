"""Write what the documentation takes from the code: ``python -m docs.generate``; ``make docs`` runs it.

Tables of the pages and drawings come from the code alone, and ``tests/docs`` compares them with what is committed. The
picture of the report comes from a finished demo and needs Chromium, so it is written last.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from codekiln.errors import InputError
from codekiln.settings import keys
from docs.generate import flow, layers, screenshot, setting_keys, tables

IMAGES = tables.DOCS / "images"
REPORT = tables.DOCS.parent / "runs" / "demo" / "report.html"


def everything() -> Iterator[tuple[Path, str]]:
    """Yield the path and text of every page with a table, of every drawing, and of the list of settings."""
    yield from ((path, tables.page(path)) for path in tables.pages())
    yield IMAGES / "flow.svg", flow.svg()
    yield IMAGES / "layers.svg", layers.svg()
    yield keys.FILE, setting_keys.text()


def main(argv: Sequence[str] | None = None) -> int:
    """Write everything, and the report's picture; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m docs.generate", description="Write what the docs take from the code."
    )
    parser.add_argument(
        "--report", type=Path, default=REPORT, help="finished report to photograph; default: %(default)s"
    )
    parser.add_argument("--no-report", action="store_true", help="leave the report's picture as it is")
    asked = parser.parse_args(argv)
    for path, text in dict(everything()).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if asked.no_report:
        return 0
    try:
        screenshot.write(asked.report, IMAGES / "report.png")
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
