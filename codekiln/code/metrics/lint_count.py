"""Number of linter findings in a program."""

import json
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from codekiln.code.metrics._metric import Metric, NoSignal, attempt, stripped

RULES = "F,E4,E7,E9,B,C4,C90,PIE,PLC,PLE,PLR,PLW,PERF,RET,SIM"
"""Ruff's rule families about the code itself; nothing about its layout, names, comments or annotations."""

OPTIONS = ("--isolated", "--no-cache", "--ignore-noqa", "--exit-zero", "--quiet", "--target-version", "py311")


def measure_many(codes: Sequence[str]) -> list[float | NoSignal]:
    """Return the number of findings of each stripped program, from one ruff process for all of them.

    User configuration and ``noqa`` comments are ignored, so that a program scores the same everywhere.
    """
    # Stripped, because a finding about a comment or a docstring is none about the code.
    texts = [attempt(stripped, code) for code in codes]
    programs = {str(index): text for index, text in enumerate(texts) if not isinstance(text, NoSignal)}
    found = _findings(programs) if programs else Counter[str]()
    return [text if isinstance(text, NoSignal) else found[str(index)] for index, text in enumerate(texts)]


def _findings(programs: dict[str, str]) -> Counter[str]:
    from ruff import find_ruff_bin

    with tempfile.TemporaryDirectory(prefix="codekiln-lint-") as folder:
        for name, text in programs.items():
            Path(folder, f"{name}.py").write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
        command = [find_ruff_bin(), "check", *OPTIONS, "--select", RULES, "--output-format", "json", folder]
        report = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return Counter(Path(finding["filename"]).stem for finding in json.loads(report))


METRIC = Metric(
    name="lint_count",
    direction="lower",
    describe="Findings of ruff in the code without its comments (rules about layout and naming off); lower is better.",
    measure_many=measure_many,
)
