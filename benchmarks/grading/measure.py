"""Measures a command, and compares the graders."""

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


class GraderFailed(Exception):
    """A grader ended with an error."""


@dataclass(frozen=True)
class Cost:
    """What one run of a command took.

    Attributes:
        cpu: User and system seconds of the command and of all its descendants that were waited for.
        wall: Seconds of real time.
    """

    cpu: float
    wall: float


def run(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Cost:
    """Run a command and return its cost.

    Raises:
        GraderFailed: It ended with an error, whose last lines are in the message.
    """
    before, start = _cpu_of_children(), time.perf_counter()
    done = subprocess.run(
        command, env={**os.environ, **environment}, cwd=folder, capture_output=True, text=True, errors="replace"
    )
    cost = Cost(_cpu_of_children() - before, time.perf_counter() - start)
    if done.returncode != 0:
        raise GraderFailed("\n".join((done.stdout + done.stderr).strip().splitlines()[-8:]))
    return cost


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@dataclass(frozen=True)
class Row:
    """One grader on one set of problems: medians over the rounds.

    Attributes:
        grader: Its name.
        cpu_ms: CPU milliseconds per program.
        wall_ms: Real milliseconds per program.
        passed: Number of programs that passed.
        count: Number of programs.
    """

    grader: str
    cpu_ms: float
    wall_ms: float
    passed: int
    count: int


def summarise(grader: str, costs: Sequence[Cost], passed: Sequence[bool]) -> Row:
    """Return the medians of the rounds of one grader, per program."""
    count = len(passed)
    cpu = statistics.median(cost.cpu for cost in costs) * 1000 / count
    wall = statistics.median(cost.wall for cost in costs) * 1000 / count
    return Row(grader, cpu, wall, sum(passed), count)


def table(name: str, rows: Sequence[Row]) -> str:
    """Return the figures as text; the ratios are those of the others to the first row."""
    ours = rows[0]
    head = f"{name:22} {'programs/s':>10} {'CPU ms':>8} {'wall ms':>8} {'CPU ratio':>10} {'wall ratio':>10}  passed"
    lines = [head]
    for row in rows:
        ratios = f"{row.cpu_ms / ours.cpu_ms:9.1f}x {row.wall_ms / ours.wall_ms:9.1f}x"
        speed = f"{1000 / row.wall_ms:10.1f} {row.cpu_ms:8.2f} {row.wall_ms:8.2f}"
        lines.append(f"{row.grader:22} {speed} {ratios}  {row.passed}/{row.count}")
    return "\n".join(lines)


def disagreements(tasks: Sequence[str], passed: Mapping[str, Sequence[bool]]) -> list[str]:
    """Return a line for each problem on whose canonical solution the graders do not agree."""
    lines: dict[str, None] = {}
    for index, task in enumerate(tasks):
        verdicts = {grader: results[index] for grader, results in passed.items()}
        if len(set(verdicts.values())) > 1:
            said = ", ".join(f"{grader} {'passes' if passes else 'fails'} it" for grader, passes in verdicts.items())
            lines[f"{task}: {said}"] = None
    return list(lines)
