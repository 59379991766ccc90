"""``python -m benchmarks.grading.plain PROBLEMS SAMPLES``: what the programs themselves take, without any grader.

All programs run one after the other in this one process, unprotected, and their results are compared with nothing. No
grader that runs the programs can take less, so what a grader takes beyond it is the grader's own. Prints the CPU
seconds of the programs and of the calls of their tests, without the reading of files, and the number of programs that
ran to their end.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.grading.measure import GraderFailed, Row
from benchmarks.grading.work import Work, read_rows
from codekiln.data.readers import read_problems
from codekiln.data.records import Problem, ReferenceTest
from codekiln.sandbox.inside.plain_values import decode

NAME = "the programs alone"


def measure_plain(work: Work) -> Row:
    """Return the row of the programs alone; wall time is CPU time there.

    Raises:
        GraderFailed: The process ended with an error.
    """
    command = [sys.executable, "-m", "benchmarks.grading.plain", str(work.problems), str(work.canonical)]
    done = subprocess.run(command, cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True)
    if done.returncode != 0:
        raise GraderFailed("\n".join(done.stderr.strip().splitlines()[-8:]))
    seconds, passed = json.loads(done.stdout)
    milliseconds = 1000 * seconds / work.count
    return Row(NAME, milliseconds, milliseconds, passed, work.count)


def main(problems: str, samples: str) -> None:
    """Run all samples, and print the CPU seconds and the number of samples that ran to their end."""
    rows = read_rows(Path(samples))
    if "solution" in rows[0]:
        runs = _plus_runs(problems, rows)
    else:
        runs = _base_runs(problems, rows)
    seconds, passed = 0.0, 0
    for program, test in runs:
        start = time.process_time()
        names: dict[str, Any] = {}
        exec(program, names)
        passed += test(names)
        seconds += time.process_time() - start
    print(json.dumps([seconds, passed]))


def _base_runs(problems: str, rows: list[dict[str, Any]]) -> list[tuple[str, Callable[[dict[str, Any]], bool]]]:
    by_task = {row["task_id"]: row for row in read_rows(Path(problems))}

    def check(problem: dict[str, Any]) -> Callable[[dict[str, Any]], bool]:
        def run(names: dict[str, Any]) -> bool:
            exec(f"{problem['test']}\ncheck({problem['entry_point']})", names)
            return True

        return run

    return [(by_task[row["task_id"]]["prompt"] + row["completion"], check(by_task[row["task_id"]])) for row in rows]


def _plus_runs(problems: str, rows: list[dict[str, Any]]) -> list[tuple[str, Callable[[dict[str, Any]], bool]]]:
    by_task = {problem.task_id: problem for problem in read_problems(problems, show=0)}
    return [(row["solution"], _calls(by_task[row["task_id"]])) for row in rows]


def _calls(problem: Problem) -> Callable[[dict[str, Any]], bool]:
    inputs: list[Any] = [
        decode(text.encode()) for test in problem.tests if isinstance(test, ReferenceTest) for text in test.inputs
    ]

    def run(names: dict[str, Any]) -> bool:
        function = names[problem.entry_point or ""]
        for arguments in inputs:
            function(*arguments)
        return True

    return run


if __name__ == "__main__":
    main(*sys.argv[1:])
