"""How time and memory of the data stages grow with the number of samples, which are made up of the embedded problems.

    python -m benchmarks.scale
    python -m benchmarks.scale --rows 10000,100000 --json
    python -m benchmarks.scale --rows 1000000 --stages "filter,filter again"

Each problem has 40 samples (20 of each of two contenders in ``evaluate``), drawn from the programs that the reference
teacher writes: correct ones of better and worse structure, and wrong ones. Every problem has function names of its own,
so that nothing is known from another problem. Stages:

* ``read``: all samples are read and validated, one at a time.
* ``filter``: grading, filters, decontamination against 200 problems, scores, rows of the recipe maintainability, and
  the published data set. ``filter again`` is the same with all verdicts known: what filter costs beside grading.
* ``evaluate``: grading, scores, and statistics of two contenders.
* ``near-duplicates``: each sample is compared with all that were kept before it.

Each stage is a process of its own, measured with all that it starts: processor seconds, and the largest sum of resident
memory, which counts shared pages several times. Prints a table with the exponent of the processor time, or, with
``--json``, a list of {stage, rows, seconds, cpu_seconds, peak_mib, exponent}.
"""

import argparse
import contextlib
import json
import math
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from codekiln import demo
from codekiln.data.folders import Dataset, write_dataset
from codekiln.data.near_duplicates import earliest_duplicates
from codekiln.data.records import Problem, Sample
from codekiln.settings.resolve import resolve
from codekiln.settings.schema import Settings
from codekiln.stages.base import StageContext
from codekiln.stages.configured import recipe_of, teacher_of
from codekiln.stages.evaluate_shards import EvaluateShards
from codekiln.stages.filter import filter as filter_stage

SAMPLES, BASES, EVALUATION = 40, 200, 200
STAGES = ("read", "filter", "filter again", "evaluate", "near-duplicates")
CONTENDERS = ("base", "tuned")
_LOOK_SECONDS = 0.2


def main() -> None:
    """Parse the command line, make data, run each stage and print what it cost."""
    parser = argparse.ArgumentParser(description="Measure time and memory of the data stages by number of samples.")
    parser.add_argument("--rows", type=_numbers, default=[10_000, 100_000], help="numbers of samples with commas")
    parser.add_argument("--stages", type=_names, default=list(STAGES), help=f"of {', '.join(STAGES)}, with commas")
    parser.add_argument("--folder", type=Path, default=Path("build/scale"))
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    parser.add_argument("--run", choices=STAGES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        run(options.run, options.folder)
        return
    found: list[dict[str, Any]] = []
    for rows in sorted(options.rows):
        folder = options.folder / str(rows)
        make_data(folder, rows)
        for stage in options.stages:
            cost = measure(stage, folder)
            before = next((one for one in reversed(found) if one["stage"] == stage), None)
            found.append({"stage": stage, "rows": rows, **cost, "exponent": _exponent(before, rows, cost)})
            print(f"{stage}, {rows} rows: {cost}", file=sys.stderr, flush=True)
    print(json.dumps(found) if options.json else table(found))


def make_data(folder: Path, rows: int) -> None:
    """Write problems and samples, unless they are there."""
    if (folder / "samples" / "samples" / "manifest.json").exists():
        return
    count = max(1, rows // SAMPLES)
    settings = _settings()
    bases = demo.problems("train", count=min(count, BASES))
    programs = dict(_programs(settings, bases))
    problems = [_named(bases[number % len(bases)], number) for number in range(count)]

    def samples(names: tuple[str, ...]) -> Iterator[Sample]:
        for number, problem in enumerate(problems):
            base = bases[number % len(bases)]
            for place in range(SAMPLES):
                code = programs[base.task_id][place % len(programs[base.task_id])]
                name = names[place * len(names) // SAMPLES]
                text = _renamed(code, base, number)
                yield Sample(task_id=problem.task_id, solution=text, model=name, seed=place)

    write_dataset(folder / "train", problems, Problem)
    write_dataset(folder / "evaluation", demo.problems("eval", count=EVALUATION), Problem)
    for name in CONTENDERS:
        write_dataset(folder / name, (row for row in samples(CONTENDERS) if row.model == name), Sample)
    write_dataset(folder / "samples" / "samples", samples(("teacher",)), Sample)


def _programs(settings: Settings, problems: list[Problem]) -> Iterator[tuple[str, list[str]]]:
    for problem, samples in recipe_of(settings).generate(problems, teacher_of(settings)):
        yield problem.task_id, [row.solution for row in samples if row.solution]


def _named(problem: Problem, number: int) -> Problem:
    changed = {
        "task_id": f"scale/{number}",
        "group": f"scale/{number}",
        "entry_point": _name(problem, number),
        "prompt": problem.prompt.replace(str(problem.entry_point), _name(problem, number)),
        "reference": _renamed(problem.reference or "", problem, number),
        "tests": tuple(_renamed(test, problem, number) if isinstance(test, str) else test for test in problem.tests),
        "visible_tests": (),
    }
    return problem.model_copy(update=changed)


def _name(problem: Problem, number: int) -> str:
    return f"{problem.entry_point}_{number}"


def _renamed(code: str, problem: Problem, number: int) -> str:
    return code.replace(str(problem.entry_point), _name(problem, number))


def run(stage: str, folder: Path) -> None:
    """Do the work of a stage in this process and those that it starts."""
    settings, output = _settings(), folder / "out" / stage.replace(" ", "-")
    if stage == "read":
        assert sum(1 for _ in Dataset(folder / "samples" / "samples", Sample)) > 0
    elif stage == "near-duplicates":
        earliest_duplicates([row.solution or "" for row in Dataset(folder / "samples" / "samples", Sample)])
    elif stage == "evaluate":
        work = EvaluateShards(settings, folder / "train", output, "evaluate")
        work.evaluate({name: Dataset(folder / name, Sample) for name in CONTENDERS})
    else:
        inputs = {"train_problems": folder / "train", "evaluation_problems": folder / "evaluation"}
        filter_stage.run(StageContext(settings, inputs | {"samples": folder / "samples"}, output, "filter", output))


def measure(stage: str, folder: Path) -> dict[str, Any]:
    """Run a stage in a process, and return seconds of wall time and of processor, and peak memory in MiB.

    Raises:
        SystemExit: The stage failed.
    """
    output = folder / "out" / stage.replace(" ", "-")
    shutil.rmtree(output, ignore_errors=True)
    if stage in ("filter", "evaluate"):
        shutil.rmtree(folder / "verdicts", ignore_errors=True)
    environment = {**os.environ, "CODEKILN_VERDICT_CACHE": str((folder / "verdicts").absolute())}
    words = [sys.executable, "-m", "benchmarks.scale", "--run", stage, "--folder", str(folder)]
    started, before, peak = time.monotonic(), _cpu_of_children(), 0
    with (folder / "log.txt").open("a") as log, subprocess.Popen(words, env=environment, stderr=log) as process:
        while process.poll() is None:
            peak = max(peak, _resident(process.pid))
            time.sleep(_LOOK_SECONDS)
    if process.returncode:
        raise SystemExit(f"{stage} failed: see {folder / 'log.txt'}")
    return {
        "seconds": round(time.monotonic() - started, 1),
        "cpu_seconds": round(_cpu_of_children() - before, 1),
        "peak_mib": peak >> 20,
    }


def table(found: list[dict[str, Any]]) -> str:
    """Return a Markdown table, one row a stage and size."""
    head = ("stage", "rows", "seconds", "CPU seconds", "CPU-ms a row", "peak MiB", "exponent")
    rows = [head, tuple("---" for _ in head)]
    for one in found:
        each = f"{1000 * one['cpu_seconds'] / one['rows']:.2f}"
        exponent = "-" if one["exponent"] is None else f"{one['exponent']:.2f}"
        costs = (f"{one['seconds']:.0f}", f"{one['cpu_seconds']:.0f}", each, str(one["peak_mib"]), exponent)
        rows.append((one["stage"], f"{one['rows']:,}", *costs))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _exponent(before: dict[str, Any] | None, rows: int, cost: dict[str, Any]) -> float | None:
    """Return the power of the number of rows with which processor time has grown since the size before."""
    if before is None:
        return None
    return round(math.log(cost["cpu_seconds"] / before["cpu_seconds"]) / math.log(rows / before["rows"]), 3)


def _resident(process: int) -> int:
    try:
        root = psutil.Process(process)
        tree = [root, *root.children(recursive=True)]
    except psutil.Error:
        return 0
    total = 0
    for one in tree:
        with contextlib.suppress(psutil.Error):
            total += one.memory_info().rss
    return total


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _settings() -> Settings:
    return resolve("laptop", {}, ["evaluation.k=[1]", "evaluate.n=20"])


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in STAGES]:
        raise argparse.ArgumentTypeError(f"no stage '{unknown[0]}'; there are {', '.join(STAGES)}")
    return names


if __name__ == "__main__":
    main()
