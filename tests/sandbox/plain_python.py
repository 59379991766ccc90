"""Runs cases in plain Python: reads a list of cases as JSON, forks for each, and prints whether each passes.

A case is its program, setup and tests, executed one after the other in one namespace, as in one script.
"""

import doctest
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import types


def passes(case: dict) -> bool:
    """Run one case; its functions in this process, scripts in others."""
    scripts = [test for test in case["tests"] if test[0] == "stdin"]
    functions = [test for test in case["tests"] if test[0] != "stdin"]
    return all(_prints(case["program"], *test[1:]) for test in scripts) and (
        not functions or _holds(case["program"], case["setup"], functions)
    )


def _prints(program: str, given: str, wanted: str) -> bool:
    command = [sys.executable, "-I", "-X", "utf8", "-c", program]
    run = subprocess.run(command, input=given, capture_output=True, encoding="utf-8", env={})
    return run.returncode == 0 and _lines(run.stdout) == _lines(wanted)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")]


def _holds(program: str, setup: str, tests: list) -> bool:
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    namespace = module.__dict__
    namespace["__file__"] = "program.py"
    try:
        exec(compile(program, "<program>", "exec", dont_inherit=True), namespace)
        exec(setup, namespace)
        for kind, text, _ in tests:
            if kind == "doctest":
                test = doctest.DocTestParser().get_doctest(text, namespace, "test", None, None)
                test.globs = namespace
                if doctest.DocTestRunner(verbose=False).run(test, clear_globs=False).failed:
                    return False
            else:
                exec(text, namespace)
    except BaseException:
        return False
    return True


def main() -> None:
    """Answer for each case."""
    answers = []
    for case in json.load(sys.stdin):
        pid = os.fork()
        if pid == 0:
            resource.setrlimit(resource.RLIMIT_CPU, (2, 2))
            sys.stdin, sys.stdout = io.StringIO(), io.StringIO()
            with tempfile.TemporaryDirectory() as folder:
                os.chdir(folder)
                holds = passes(case)
            os._exit(0 if holds else 1)
        answers.append(os.waitpid(pid, 0)[1] == 0)
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
