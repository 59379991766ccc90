"""``python -m benchmarks.grading.plain PROBLEMS SAMPLES [fork]``: what the programs take without any grader.

All programs run one after the other in this one process, unprotected, and their results are compared with nothing. No
grader that runs the programs can take less, so what a grader takes beyond it is the grader's own. With ``fork`` each
runs in a forked child of this process, still unprotected: what the least isolation takes. Prints the CPU seconds of the
programs and of the calls of their tests, without the reading of files, and the number of programs that ran to their
end.
"""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.grading.measure import GraderFailed, Row
from benchmarks.grading.work import Work, read_rows

ALONE, FORKED = "the programs alone", "a fork for each, bare"
Run = tuple[str, Callable[[dict[str, Any]], bool]]
"""A program, and what calls it."""


def measure_plain(work: Work, name: str = ALONE) -> Row:
    """Return the row `ALONE` or `FORKED`; wall time is CPU time there.

    Raises:
        GraderFailed: The process ended with an error.
    """
    command = [sys.executable, "-m", "benchmarks.grading.plain", str(work.problems), str(work.canonical)]
    command += ["fork"] if name == FORKED else []
    done = subprocess.run(command, cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True)
    if done.returncode != 0:
        raise GraderFailed("\n".join(done.stderr.strip().splitlines()[-8:]))
    seconds, passed = json.loads(done.stdout)
    milliseconds = 1000 * seconds / work.count
    return Row(name, milliseconds, milliseconds, passed, work.count)


def main(problems: str, samples: str, how: str = "") -> None:
    """Run all samples, and print the CPU seconds and the number of samples that ran to their end."""
    rows = read_rows(Path(samples))
    runs = _plus_runs(problems, rows) if "solution" in rows[0] else _base_runs(problems, rows)
    start = _cpu_seconds()
    passed = sum(map(_forked if how == "fork" else _run, runs))
    print(json.dumps([_cpu_seconds() - start, passed]))


def _cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _run(run: Run) -> bool:
    program, test = run
    names: dict[str, Any] = {}
    exec(program, names)
    return test(names)


def _forked(run: Run) -> bool:
    pid = os.fork()
    if pid == 0:
        passed = False
        try:
            passed = _run(run)
        finally:
            os._exit(0 if passed else 1)
    return os.waitpid(pid, 0)[1] == 0


def _base_runs(problems: str, rows: list[dict[str, Any]]) -> list[Run]:
    by_task = {row["task_id"]: row for row in read_rows(Path(problems))}

    def check(problem: dict[str, Any]) -> Callable[[dict[str, Any]], bool]:
        def run(names: dict[str, Any]) -> bool:
            exec(f"{problem['test']}\ncheck({problem['entry_point']})", names)
            return True

        return run

    return [(by_task[row["task_id"]]["prompt"] + row["completion"], check(by_task[row["task_id"]])) for row in rows]


def _plus_runs(problems: str, rows: list[dict[str, Any]]) -> list[Run]:
    # Imported here: a fork of a process with all of codekiln would be dearer than the least.
    from codekiln.data.readers import read_problems
    from codekiln.data.records import ReferenceTest
    from codekiln.sandbox.inside.plain_values import decode

    runs: list[Run] = []
    known = {problem.task_id: problem for problem in read_problems(problems, show=0)}
    for row in rows:
        problem = known[row["task_id"]]
        tests = [test for test in problem.tests if isinstance(test, ReferenceTest)]
        inputs = [decode(text.encode()) for test in tests for text in test.inputs]
        runs.append((row["solution"], _calls(problem.entry_point or "", inputs)))
    return runs


def _calls(name: str, inputs: list[Any]) -> Callable[[dict[str, Any]], bool]:
    def run(names: dict[str, Any]) -> bool:
        for arguments in inputs:
            names[name](*arguments)
        return True

    return run


if __name__ == "__main__":
    main(*sys.argv[1:])
