"""Where the time of ``make demo`` goes: seconds of wall time and of processor, stage by stage.

    python -m benchmarks.demo
    python -m benchmarks.demo --folder runs/demo-budget -- --set problems.train=100

Runs ``codekiln run align --profile laptop`` in an empty folder and reads the processor time of the whole process tree
whenever a stage begins. What precedes the first stage (imports, compiling the pipeline) is the row "start"; what a
stage's process takes to start is in the stage's row. Prints a Markdown table.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from codekiln.stages.step import BEGINS

START = "start"


@dataclass(frozen=True)
class Cost:
    """What a stage took: seconds of wall time, and of processor over all of its processes."""

    stage: str
    seconds: float
    cpu: float


def main() -> None:
    """Parse the command line, run, print the table."""
    parser = argparse.ArgumentParser(description="Run the demo and print what each stage costs.")
    parser.add_argument("--folder", type=Path, default=Path("runs/demo-budget"), help="must not exist yet")
    parser.add_argument("options", nargs="*", help="further options of `codekiln run align`, after --")
    options = parser.parse_args()
    if options.folder.exists():
        parser.error(f"{options.folder} exists: its finished stages would cost nothing; delete it or name another")
    command = [sys.executable, "-m", "codekiln", "run", "align", "--profile", "laptop", "--workdir", options.folder]
    print("\n" + table(list(measure([*map(str, command), *options.options]))))


def measure(command: list[str]) -> Iterator[Cost]:
    """Run a command of codekiln, show its output, and yield the costs of its stages in order.

    Raises:
        SystemExit: The command failed; its output says why.
    """
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        tree = psutil.Process(process.pid)
        stage, began, before, cpu = START, time.monotonic(), 0.0, 0.0
        for line in process.stdout or ():
            print(line, end="", flush=True)
            cpu = max(cpu, processor_seconds(tree))
            if line.startswith(BEGINS):
                now = time.monotonic()
                yield Cost(stage, now - began, cpu - before)
                stage, began, before = line.removeprefix(BEGINS).strip(), now, cpu
    if process.returncode:
        raise SystemExit(process.returncode)
    yield Cost(stage, time.monotonic() - began, cpu - before)


def processor_seconds(process: psutil.Process) -> float:
    """Return the processor time of a process, of all below it, and of those below it that have ended."""
    total = 0.0
    for each in [process, *process.children(recursive=True)]:
        try:
            total += sum(each.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return total


def table(costs: Iterable[Cost]) -> str:
    """Return a Markdown table, one row a stage, with the total below."""
    costs = list(costs)
    total = Cost("all", sum(cost.seconds for cost in costs), sum(cost.cpu for cost in costs))
    rows = [("stage", "seconds", "CPU seconds", "share of CPU"), ("---",) * 4]
    rows += [
        (cost.stage, f"{cost.seconds:.0f}", f"{cost.cpu:.0f}", f"{cost.cpu / (total.cpu or 1):.0%}")
        for cost in (*costs, total)
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    main()
