"""How the process of a job ends."""

import subprocess
import sys
from pathlib import Path

import pytest

# What Python destroys as the interpreter goes down aborts the process, as a thread of gloo does now and then.
JOB = """
import atexit, os, sys
from codekiln.launch import program

class Late:
    def __del__(self, abort=os.abort):
        abort()

kept = Late()
atexit.register(print, "exit functions ran")
sys.exit(program.start("a.module", ["job.json"], lambda path: {code}))
"""


@pytest.mark.parametrize("code", [0, 143])
def test_a_process_of_several_ends_with_its_code_whatever_the_interpreter_does_last(tmp_path, code):
    ended = subprocess.run(
        [sys.executable, "-c", JOB.format(code=code)],
        cwd=Path(__file__).parents[2],
        env={"WORLD_SIZE": "2", "RANK": "1", "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (ended.returncode, ended.stdout) == (code, "exit functions ran\n")
