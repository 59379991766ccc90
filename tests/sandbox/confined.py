"""A clean interpreter that confines itself as a worker does, for tests of one process of it."""

import os
import subprocess
import sys
from pathlib import Path

import codekiln

_CONFINED = """
import os, sys, types
root, scratch, packages, before, program = sys.argv[1:]
for name, path in (("codekiln", root), ("codekiln.sandbox", root + "/sandbox")):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [path]
from codekiln.sandbox.inside import confine
os.chdir(scratch)
os.environ.clear()
protections, read_only = confine.confine_server(scratch, packages or None)
limits = {"cpu_seconds": 20, "memory_mb": 2048, "file_mb": 1}
if os.fork() == 0:
    exec(before)
    exec(program)
    print("ran", flush=True)
    os._exit(0)
os.wait()
"""


def run_confined(folder: Path, role: str, program: str, packages: str = "") -> str:
    """Return what a program prints, its traceback included; the last line is ``ran`` when it ended as it should.

    Args:
        folder: Where the private folder is made.
        role: The statement that confines the child, such as ``confine.confine_test_child(5, 512)``.
        program: What the child does then.
        packages: A folder of links to packages, or nothing.
    """
    scratch = folder / "scratch"
    scratch.mkdir()
    root = os.path.dirname(codekiln.__file__)
    command = [sys.executable, "-S", "-s", "-P", "-B", "-X", "utf8", "-c", _CONFINED]
    command += [root, str(scratch), packages, role, program]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout
