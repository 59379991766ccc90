import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from codekiln.launch import worker
from tests.launch.ranks import NAME
from tests.training import launched

pytestmark = pytest.mark.xdist_group("torchrun")
slow = pytest.mark.slow
AFTERWARDS = {"code": 1, "behind": "1", "says": "gone"}


def place_of(folder: Path, **job) -> Path:
    (folder / "job.json").write_text(json.dumps({"module": NAME, "job": job}))
    return folder


def start(place: Path, **pet) -> subprocess.Popen:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PET_")}
    return subprocess.Popen(
        [sys.executable, "-m", NAME, "--worker", str(place)],
        cwd=launched.ROOT,
        env=kept | {"OMP_NUM_THREADS": "1"} | {f"PET_{name}": str(value) for name, value in pet.items()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen) -> tuple[int, str]:
    said = process.communicate(timeout=launched.TIMEOUT)[1]
    return process.returncode, said


def test_without_pet_variables_it_is_one_process(tmp_path):
    assert finish(start(place_of(tmp_path, report=True)))[0] == 0
    [file] = tmp_path.glob("rank-*")
    assert json.loads(file.read_text())["WORLD_SIZE"] == "1"


def test_pet_variables_say_how_many_processes_there_are_and_where_they_meet(tmp_path):
    place_of(tmp_path, report=True)
    port = launched.free_port()
    shape = {"NNODES": 2, "NPROC_PER_NODE": 2, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    nodes = [start(tmp_path, NODE_RANK=node, **shape) for node in range(2)]
    assert [finish(node)[0] for node in nodes] == [0, 0]
    found = [json.loads((tmp_path / f"rank-{rank}").read_text()) for rank in range(4)]
    assert [entry["LOCAL_RANK"] for entry in found] == ["0", "1", "0", "1"]
    assert {(entry["WORLD_SIZE"], entry["LOCAL_WORLD_SIZE"]) for entry in found} == {("4", "2")}


@pytest.mark.parametrize(
    ("ranks", "code", "said"),
    [
        ({"1": {"code": 7}}, 7, "process 1 ended with exit code 7"),
        ({"0": {"signal": 9}}, 137, "SIGKILL"),
        pytest.param({"1": {"signal": 11}}, 139, "SIGSEGV", marks=slow),
        ({"0": AFTERWARDS, "1": {"code": 2, "says": "error: wrong"}}, 2, "error: wrong"),
        pytest.param({"1": {"code": 1, "says": "Traceback: cause"}}, 1, "Traceback: cause", marks=slow),
    ],
)
def test_the_process_that_fails_first_gives_the_exit_code_and_the_last_words(tmp_path, ranks, code, said):
    place = place_of(tmp_path, ranks=ranks, others={"after": 30})
    ended, words = finish(start(place, NPROC_PER_NODE=2))
    assert ended == code
    assert words.count(said) == 1
    assert "ChildFailedError" not in words


def test_a_mistake_that_every_process_finds_is_said_once(tmp_path):
    place = place_of(tmp_path, others={"code": 2, "says": "error: batch_size is wrong"})
    ended, words = finish(start(place, NPROC_PER_NODE=2))
    assert ended == 2
    assert words.count("batch_size is wrong") == 1
    assert "Traceback" not in words


@pytest.mark.parametrize(("seconds", "times"), [(1, 2), pytest.param(40, 1, marks=slow)])
def test_sigterm_reaches_the_processes_and_leaves_them_the_time_for_a_checkpoint(tmp_path, seconds, times):
    """Longer than the 30 seconds that torchrun would give them, and a second signal does not cut it short."""
    job = start(place_of(tmp_path, others={"writes_for": seconds}), NPROC_PER_NODE=2)
    for rank in range(2):
        launched.wait_for(tmp_path / f"checkpoint-{rank}-ready", job)
    for _ in range(times):
        job.send_signal(signal.SIGTERM)
    ended, words = finish(job)
    assert ended == 143, words
    assert (tmp_path / "checkpoint-0").exists()
    assert (tmp_path / "checkpoint-1").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such file"),
        ("{", "is not"),
        ('{"module": "codekiln.training"}', "is not"),
        ('{"module": "os", "job": {}}', "module 'os' cannot be run"),
    ],
)
def test_a_place_without_a_proper_job_is_a_mistake(tmp_path, capsys, content, said):
    if content is not None:
        (tmp_path / "job.json").write_text(content)
    assert worker.main([str(tmp_path)]) == 2
    words = capsys.readouterr().err
    assert words.startswith(f"error: {tmp_path}")
    assert said in words
    assert "fix:" in words


def test_usage(capsys):
    assert worker.main(["--help"]) == 0
    assert worker.main([]) == 2
    assert "LOCATION/job.json" in capsys.readouterr().out
