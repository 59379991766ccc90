"""What each recipe gains on the laptop: `codekiln run` with the laptop profile for every recipe and seed, as one table.

    python -m benchmarks.demos
    python -m benchmarks.demos --recipes debugging,student --seeds 0,1,2 --folder runs/demos

Each run is a process of its own in ``FOLDER/RECIPE-SEED``; a finished run is not repeated. maintainability is aligned
(`align`), the others are instructed (`instruct`). Times are of this machine, processor seconds those of all processes.
Prints a Markdown table, one row a run: the target of the gate for the unchanged base and the judged adapter, the
paired difference with its interval, the guard's difference, and the verdict.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PIPELINES = {
    "maintainability": "align",
    "difficulty": "instruct",
    "debugging": "instruct",
    "student": "instruct",
    "corpus-tasks": "instruct",
}
HEAD = ("recipe", "seed", "target", "base", "adapter", "difference", "guard", "promoted", "minutes", "CPU seconds")
NOT_PROMOTED = 4


@dataclass(frozen=True)
class Demo:
    """One run: its recipe and seed, what ``results.json`` says, and what it cost now."""

    recipe: str
    seed: int
    results: dict[str, Any]
    seconds: float
    cpu: float


def main() -> None:
    """Parse the command line, run, print the table."""
    parser = argparse.ArgumentParser(description="Run each recipe with the laptop profile and print what it gains.")
    parser.add_argument("--recipes", type=_names, default=list(PIPELINES), help="names with commas")
    parser.add_argument("--seeds", type=_numbers, default=[0], help="numbers with commas")
    parser.add_argument("--folder", type=Path, default=Path("runs/demos"))
    options = parser.parse_args()
    demos = [run(recipe, seed, options.folder) for seed in options.seeds for recipe in options.recipes]
    print("\n" + table(demos))


def run(recipe: str, seed: int, folder: Path) -> Demo:
    """Run one recipe, and continue a run that was stopped.

    Raises:
        SystemExit: The run failed; its output says why.
    """
    work = folder / f"{recipe}-{seed}"
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "codekiln", "run", PIPELINES[recipe], "--recipe", recipe, "--profile", "laptop"]
    print(f"{recipe}, seed {seed}: {work}", flush=True)
    code = subprocess.run([*command, "--set", f"seed={seed}", "--workdir", str(work)]).returncode
    if code not in (0, NOT_PROMOTED):
        raise SystemExit(code)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    results = json.loads((work / "results.json").read_text("utf-8"))
    return Demo(recipe, seed, results, time.monotonic() - began, cpu)


def table(demos: list[Demo]) -> str:
    """Return a Markdown table of demos, one row each."""
    rows = [HEAD, tuple("---" for _ in HEAD), *map(_row, demos)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(demo: Demo) -> tuple[str, ...]:
    gate = demo.results["gate"]
    target, candidate = gate["metric"], gate["candidate"]
    checks = [check for check in gate["checks"] if check["against"] == "base" and not check["benchmark"]]
    gain = next(check for check in checks if check["measure"] == target)
    guard = next(check for check in checks if check["role"] == "critical")
    contenders = demo.results["contenders"]
    return (
        demo.recipe,
        str(demo.seed),
        target,
        _figure(contenders["base"][target]["mean"]),
        _figure(contenders[candidate][target]["mean"]),
        f"{_figure(gain['difference'])} [{_figure(gain['low'])}, {_figure(gain['high'])}], {gain['n']} problems",
        f"{guard['measure']} {_figure(guard['difference'])}",
        "yes" if gate["promoted"] else "no",
        f"{demo.seconds / 60:.1f}",
        f"{demo.cpu:.0f}",
    )


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}" if abs(value) < 1 else f"{value:.1f}"


def _names(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in PIPELINES]
    if unknown:
        raise argparse.ArgumentTypeError(f"no such recipe: {', '.join(unknown)}; there are {', '.join(PIPELINES)}")
    return names


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


if __name__ == "__main__":
    main()
