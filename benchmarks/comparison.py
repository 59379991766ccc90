"""How much memory and time `codekiln compare` takes: made-up samples of any number, graded, scored and judged.

    python -m benchmarks.comparison --problems 5000 --samples 200 --contenders 6 --graded

Every problem has a few distinct programs, so that most verdicts and scores are known: what is measured is what grows
with the number of samples. With --graded, verdicts and scores are made up as well, and only what follows is measured.
Prints one JSON object: seconds of wall time and of CPU, and the peak resident memory of the largest process in MiB.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from codekiln.code import metrics
from codekiln.data.readers import read_problems
from codekiln.recipes.base import over_all_samples
from codekiln.stages.compare import GradedContenders, Judging, judge_graded
from codekiln.stages.contenders import DEFAULT_KS, Contenders, Plan
from codekiln.stages.scored_samples import ScoredSamples
from codekiln.stages.scoring import Scoring

PROGRAMS = 5
_STYLES = (
    "def f(x):\n    return x + {n}\n",
    "def f(x):\n    total = x\n    for step in range({n}):\n        total += 1\n    return total\n",
    "def f(x):\n    if x < 0:\n        return {n} + x\n    return x + {n}\n",
    "def f(x):\n    # adds {n}\n    result = x + {n}\n    return result\n",
    "def f(x):\n    return x - {n} - 1\n",
)


def write_problems(path: Path, problems: int) -> Path:
    """Write problems that ask for the sum of a number and the problem's own."""
    with path.open("w") as file:
        for n in range(problems):
            tests = [f"assert f({x}) == {x + n}" for x in (1, 5)]
            row = {"task_id": f"add/{n}", "prompt": f"Write f(x) that adds {n}.", "entry_point": "f", "tests": tests}
            file.write(json.dumps(row) + "\n")
    return path


def write_samples(path: Path, problems: int, samples: int, contender: int) -> Path:
    """Write a contender's samples; the later the contender, the more of them are of the first, shortest style."""
    with path.open("w") as file:
        for sample in range(samples):
            for n in range(problems):
                style = (sample * 7 + n * 3) % PROGRAMS if (sample + n) % 7 >= contender else 0
                row = {"task_id": f"add/{n}", "solution": _STYLES[style].format(n=n), "seed": sample}
                file.write(json.dumps(row) + "\n")
    return path


def measure(folder: Path, problems: int, samples: int, contenders: int) -> dict[str, Any]:
    """Run the command on made-up files in ``folder``, and return figures."""
    source, paths = write_files(folder, problems, samples, contenders)
    words = [f"{name}={path}" for name, path in paths.items()]
    started = time.monotonic()
    command = [sys.executable, "-m", "codekiln", "compare", "--problems", str(source), *words, "--json"]
    done = subprocess.run([*command, "--out", str(folder / "out")], stdout=subprocess.PIPE, check=False)
    if not done.stdout:
        raise SystemExit("the command failed")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "promoted": json.loads(done.stdout)["gate"]["promoted"],
        "seconds": round(time.monotonic() - started, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_mib": used.ru_maxrss // 1024,
    }


def measure_graded(folder: Path, problems: int, samples: int, contenders: int) -> dict[str, Any]:
    """Judge made-up files with made-up verdicts and scores in this process, and return figures."""
    source, paths = write_files(folder, problems, samples, contenders)
    known = read_problems(str(source), show=0)
    ks = tuple(k for k in DEFAULT_KS if k <= samples)
    plan = Plan(tuple(row.task_id for row in known), samples, ks)
    judging = Judging()
    with Scoring(known, over_all_samples(judging.metric), workers=1) as scoring:
        files = {name: [write_graded(path, scoring, problems * samples)] for name, path in paths.items()}
    started, cpu = time.monotonic(), time.process_time()
    compared = Contenders({name: [path] for name, path in paths.items()})
    _, gate = judge_graded(GradedContenders(str(source), known, compared, plan, files), judging, folder / "out")
    return {
        "promoted": gate.promoted,
        "seconds": round(time.monotonic() - started, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def write_files(folder: Path, problems: int, samples: int, contenders: int) -> tuple[Path, dict[str, Path]]:
    """Write problems and the samples of all contenders, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    names = ("base", *(f"tuned{number}" for number in range(1, contenders)))
    paths = {
        name: write_samples(folder / f"{name}.jsonl", problems, samples, number) for number, name in enumerate(names)
    }
    return write_problems(folder / "problems.jsonl", problems), paths


def write_graded(samples: Path, scoring: Scoring, rows: int) -> ScoredSamples:
    """Write a graded file with made-up verdicts and scores: the last style fails, others get numbers by chance."""
    graded = samples.with_name(f"{samples.stem}.graded.jsonl")
    chance = random.Random(samples.stem)
    verdict = {"status": "passed", "tests_total": 2, "tests_run": 2, "tests_passed": 2, "cpu_seconds": 0.001}
    with samples.open() as source, graded.open("w") as file:
        for line in source:
            sample = json.loads(line)
            status = "failed" if sample["solution"].endswith("- 1\n") else "passed"
            row = {"sample": sample, "verdict": {**verdict, "task_id": sample["task_id"], "status": status}}
            file.write(json.dumps(row) + "\n")
    found = ScoredSamples(graded)
    with graded.open() as source, graded.with_name(f"{graded.name}.scores").open("wb") as file:
        file.write(found.head(scoring.failing) + b"\n")
        for line in source:
            names = scoring.failing if '"failed"' in line else metrics.names()
            file.write(json.dumps([chance.uniform(0, 100) for _ in names]).encode() + b"\n")
    found.score(scoring, rows, "score")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=500)
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--contenders", type=int, default=6)
    parser.add_argument("--folder", type=Path, default=Path("build/comparison"))
    parser.add_argument("--graded", action="store_true")
    given = parser.parse_args()
    size = (given.problems, given.samples, given.contenders)
    found = (measure_graded if given.graded else measure)(given.folder, *size)
    print(json.dumps({**vars(given), "folder": str(given.folder), **found}))


if __name__ == "__main__":
    main()
