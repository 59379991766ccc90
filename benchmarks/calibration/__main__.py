"""``python -m benchmarks.calibration``: do 95 % intervals cover in 95 % of evaluations, and what does the gate promote?

Simulates evaluations whose truth is known (benchmarks/calibration/worlds.py) and judges them by codekiln's own
intervals and gate. Prints the table, and writes it into docs/statistics.md unless it was quick. Equal options give
equal figures.
"""

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.calibration.scenarios import SERIES, Row, Scenario, scenarios, simulate
from benchmarks.calibration.table import as_json, markdown, write

RUNS, QUICK = 10_000, 1_500


def main(arguments: list[str]) -> int:
    """Run the calibration and return the exit code, 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="file for the figures as a list of JSON objects")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} runs a row, not {RUNS}; the page stays as is")
    parser.add_argument("--runs", type=int, help="runs a row")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="default: one per core")
    options = parser.parse_args(arguments)
    runs = options.runs or (QUICK if options.quick else RUNS)
    rows = calibrate(list(scenarios()), runs, options.processes)
    print(markdown(rows, runs))
    if options.json:
        options.json.write_text(json.dumps([as_json(row) for row in rows], indent=1) + "\n", encoding="utf-8")
    if not options.quick:
        write(rows, runs)
    return 0


def calibrate(chosen: list[Scenario], runs: int, processes: int | None = None) -> list[Row]:
    """Return the rows of scenarios; one of several tries has `SERIES` as many runs."""
    # One thread each: the arrays are small, and the processes share the cores already.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    with ProcessPoolExecutor(processes) as pool:
        rows = []
        for row in pool.map(partial(_simulate, runs), chosen):
            print(f"{row.scenario.name}: promoted {row.promoted:.4f}", file=sys.stderr, flush=True)
            rows.append(row)
    return rows


def _simulate(runs: int, scenario: Scenario) -> Row:
    return simulate(scenario, runs if scenario.tries == 1 else max(200, round(SERIES * runs)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
