import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

from codekiln.launch import worker
from tests import toy_models as toy
from tests.launch.ranks import NAME
from tests.training import launched

pytestmark = pytest.mark.xdist_group("torchrun")
slow = pytest.mark.slow
AFTERWARDS = {"code": 1, "behind": "1", "says": "gone"}
COUNTS = """
import signal, time
signal.signal(signal.SIGTERM, lambda *_: print("signal", flush=True))
print("ready", flush=True)
while True:
    time.sleep(1)
"""


@pytest.fixture
def sigterm() -> Iterator[None]:
    """Puts the handler of SIGTERM back, which a worker that has ended leaves ignored."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


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


@pytest.mark.parametrize(("seconds", "times"), [(1, 50), pytest.param(40, 1, marks=slow)])
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


def burst(count: int) -> None:
    for _ in range(count):
        os.kill(os.getpid(), signal.SIGTERM)


@pytest.fixture
def shutdown(sigterm) -> Iterator[worker.Shutdown]:
    handler = worker.Shutdown()
    yield handler
    handler.close()


def bursts(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        burst(5)


def test_signals_before_there_are_processes_end_the_worker_once(shutdown):
    with pytest.raises(SystemExit) as ended:
        bursts(10)
    assert ended.value.code == 143
    bursts(0.2)


def test_a_signal_that_a_finaliser_swallowed_ends_the_worker_before_it_starts_processes(shutdown):
    with contextlib.suppress(SystemExit):
        bursts(10)
    with pytest.raises(SystemExit) as ended:
        shutdown.check()
    assert ended.value.code == 143


def test_a_process_that_ends_before_the_signal_reaches_it_does_no_harm(shutdown, monkeypatch):
    gone = subprocess.Popen(["true"])
    process = psutil.Process(gone.pid)
    gone.wait()
    monkeypatch.setattr(psutil.Process, "children", lambda self: [process])
    bursts(0.2)
    assert shutdown.signalled


def test_signals_at_any_moment_reach_each_process_once_also_one_that_starts_later(shutdown):
    children = []
    for _ in range(2):
        child = subprocess.Popen([sys.executable, "-S", "-c", COUNTS], stdout=subprocess.PIPE, text=True)
        assert child.stdout.readline() in ("ready\n", "")
        children.append(child)
        bursts(0.3)
    assert children[0].stdout.readline() == "signal\n"
    for child in children:
        child.kill()
        child.communicate()
    # Signalled while Python was starting, or with its handler.
    assert children[1].returncode in (-signal.SIGTERM, -signal.SIGKILL)


@pytest.mark.parametrize(
    ("codes", "signalled", "expected"),
    [({0: -15, 1: 1}, True, 143), ({0: 143, 1: 1}, True, 143), ({0: 1, 1: 1}, True, 1), ({0: -15, 1: 1}, False, 1)],
)
def test_what_a_stopped_process_takes_with_it_is_no_failure(codes, signalled, expected):
    failures = {rank: ProcessFailure(rank, 100 + rank, code, "") for rank, code in codes.items()}
    failures[0].timestamp += 10
    assert worker._failure_code(ChildFailedError("job", failures), signalled) == expected


@pytest.mark.slow
def test_a_worker_that_is_pid_1_of_its_container_leaves_a_checkpoint_that_the_next_one_continues(tmp_path):
    """A kubelet signals from outside the PID namespace, where a process without a handler would ignore SIGTERM."""
    if subprocess.run([*launched.AS_INIT, "true"], check=False).returncode:
        pytest.skip("this user may not make a PID namespace")
    toy.make(tmp_path / "base")
    toy.write_rows(tmp_path / "examples", toy.examples(40))
    settings = {"epochs": 400, "eval_every": 4, "patience": 0, "batch_size": 8, "micro_batch": 4, "holdout": 0.2}
    job = {"kind": "sft", "base": str(tmp_path / "base"), "data": str(tmp_path / "examples")}
    place = launched.place_of(tmp_path / "place", job | {"lora": {"r": 4, "alpha": 4, "dropout": 0.0}, "sft": settings})
    for sign in ("steps (", "goes on at step"):
        run = launched.start(place, 1, within=launched.AS_INIT)
        launched.wait_until(lambda sign=sign: sign in (place / "said-0").read_text(), run)
        [init] = psutil.Process(run.pid).children()
        for _ in range(20):
            init.send_signal(signal.SIGTERM)
        code, said = launched.finish(run)
        assert code == 143, said
        assert "Traceback" not in said
        assert list((place / "output" / "checkpoints").glob("checkpoint-*/complete.json"))
    assert not psutil.pid_exists(init.pid)


@pytest.mark.slow
def test_bursts_of_signals_at_200_moments_end_each_run_with_a_checkpoint_or_in_good_order(tmp_path):
    """The same job again and again, from what the run before has left; a job that is done is begun anew."""
    toy.make(tmp_path / "base")
    toy.write_rows(tmp_path / "examples", toy.examples(40))
    settings = {"epochs": 40, "eval_every": 4, "patience": 0, "batch_size": 8, "micro_batch": 4, "holdout": 0.2}
    lora = {"r": 4, "alpha": 4, "dropout": 0.0}
    job = {"kind": "sft", "base": str(tmp_path / "base"), "data": str(tmp_path / "examples")}
    place = launched.place_of(tmp_path / "place", job | {"lora": lora, "sft": settings})
    seconds, done = 10.0, 0
    for _ in range(int(os.environ.get("CODEKILN_BURSTS", "200"))):
        started = time.monotonic()
        run = launched.start(place, 1)
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.wait(random.uniform(0, seconds))
        for _ in range(random.randint(1, 30)):
            run.send_signal(signal.SIGTERM)
            time.sleep(random.choice((0, 0, 0.001, 0.01, 0.3)))
        code, said = launched.finish(run)
        # Before the worker has its handler, the signal ends the process itself, with the same code to a shell.
        assert code in (143, -signal.SIGTERM, 0), said
        assert "Traceback" not in said
        for checkpoint in (place / "output" / "checkpoints").glob("checkpoint-*/complete.json"):
            content = json.loads(checkpoint.read_text())
            assert all((checkpoint.parent / name).stat().st_size == size for name, size in content["files"].items())
        if code == 0:
            assert (place / "output" / "summary.json").exists()
            seconds, done = time.monotonic() - started + 1, done + 1
            shutil.rmtree(place / "output")
    launched.run(place, 1)
    assert (place / "output" / "summary.json").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such file"),
        ("{", "is not"),
        ('{"module": "codekiln.training"}', "is not"),
        ('{"module": "os", "job": {}}', "module 'os' cannot be run"),
    ],
)
@pytest.mark.usefixtures("sigterm")
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
