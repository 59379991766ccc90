"""A run that is killed with SIGKILL, in every stage in turn, and started again each time."""

import os
import signal
import subprocess
import time

import pytest

from tests.running import codekiln, command
from tests.test_quickstart import STEPS, results

pytestmark = pytest.mark.slow


def kill_in(step: str, workdir) -> str:
    """Start the run, kill it and all its processes shortly after ``step`` began, and return what it said."""
    run = subprocess.Popen(
        command("run", "align", "--workdir", str(workdir)), stdout=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    said = []
    for line in run.stdout:
        said.append(line)
        if line.startswith(f"== {step}"):
            time.sleep(1.0)
            os.killpg(run.pid, signal.SIGKILL)
            break
    run.wait()
    return "".join(said)


def test_a_killed_run_repeats_only_the_stage_it_was_killed_in(tmp_path):
    workdir = tmp_path / "run"
    for number, step in enumerate(STEPS):
        said = kill_in(step, workdir)
        assert f"== {step}" in said, f"the run ended before {step}:\n{said}"
        for earlier in STEPS[1 : max(number - 1, 1)]:
            assert f"{earlier}: was done already" in said
    done = codekiln("run", "align", "--workdir", str(workdir))
    assert done.returncode in (0, 4), done.stdout + done.stderr
    for earlier in STEPS[1:-2]:
        assert f"{earlier}: was done already" in done.stdout
    whole = codekiln("run", "align", "--workdir", str(tmp_path / "whole"))
    assert whole.returncode == done.returncode
    assert results(workdir)["contenders"] == results(tmp_path / "whole")["contenders"]


def test_a_truncated_data_file_is_named_with_its_line(tmp_path):
    workdir = tmp_path / "run"
    assert codekiln("run", "data", "--workdir", str(workdir)).returncode == 0
    path = workdir / "filter" / "examples" / "data.jsonl"
    text = path.read_bytes()
    path.write_bytes(text[:-20])
    done = codekiln("run", "align", "--workdir", str(workdir))
    assert done.returncode == 2
    lines = len(text.splitlines())
    assert f"examples/data.jsonl:{lines}: was changed or cut after it was written" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
