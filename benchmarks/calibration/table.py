"""The calibration as JSON, and as the table of docs/statistics.md."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.calibration.judging import EVERY, METRIC
from benchmarks.calibration.scenarios import SERIES, Row

PAGE = Path(__file__).resolve().parents[2] / "docs" / "statistics.md"
MARKED = re.compile(r"(<!-- calibration -->\n).*?(<!-- end -->)", re.DOTALL)
_COLUMNS = {"pass@1": "pass@1", "pass@10": "pass@10", METRIC: "structure", EVERY: "structure, all samples"}


def as_json(row: Row) -> dict[str, Any]:
    """Return a row in the agreed form; a coverage is null where the gate does not judge by the measure."""
    return {
        "scenario": row.scenario.name,
        "problems": sum(row.scenario.world.sizes),
        "groups": len(row.scenario.world.sizes),
        "promoted": row.promoted,
        "coverage": row.coverage,
    }


def markdown(rows: Sequence[Row], runs: int) -> str:
    """Return the table in Markdown, with a sentence on how exact it is."""
    head = ["what is simulated", "groups", "promoted", *_COLUMNS.values()]
    lines = [head, ["---"] * len(head), *map(_cells, rows)]
    error = 100 * (0.025 * 0.975 / runs) ** 0.5
    note = (
        f"{runs} simulated evaluations a row; a share of 2.5 % is exact to {error:.1f} points (one standard error).\n"
        f"Of several tries {SERIES * runs:.0f} series a row; exact to {error / SERIES**0.5:.1f} points."
    )
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + f"\n\n{note}\n"


def _cells(row: Row) -> list[str]:
    coverage = [_covered(row, name) for name in _COLUMNS]
    return [row.scenario.name, str(len(row.scenario.world.sizes)), f"{100 * row.promoted:.1f} %", *coverage]


def _covered(row: Row, measure: str) -> str:
    if measure not in row.coverage:
        return "-"
    judged = row.coverage[measure]
    return f"refused ({100 * row.held[measure]:.0f} %)" if judged is None else f"{100 * judged:.1f} %"


def write(rows: Sequence[Row], runs: int) -> None:
    """Put the table into docs/statistics.md, between its markers."""
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(MARKED.sub(lambda found: found[1] + markdown(rows, runs) + found[2], text), encoding="utf-8")
