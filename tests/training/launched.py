"""Runs jobs as pods do: through the worker, with the PET_* variables that Kubeflow Trainer sets."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
TIMEOUT = 300


def place_of(folder: Path, job: dict, module: str = "codekiln.training") -> Path:
    """Write a job as a step does."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "job.json").write_text(json.dumps({"module": module, "job": {"output": "output", **job}}))
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# What makes the worker PID 1 of a PID namespace, as it is in a container.
AS_INIT = ("unshare", "--user", "--map-root-user", "--pid", "--mount-proc", "--fork", "--kill-child")


def start(
    place: Path,
    processes: int = 2,
    node: int = 0,
    nodes: int = 1,
    port: int = 0,
    within: Sequence[str] = (),
    **extra: str,
) -> subprocess.Popen:
    """Start the worker of one node, ``within`` another command; ``extra`` are environment variables."""
    pet = {
        "PET_NNODES": nodes,
        "PET_NPROC_PER_NODE": processes,
        "PET_NODE_RANK": node,
        "PET_MASTER_ADDR": "127.0.0.1",
        "PET_MASTER_PORT": port or free_port(),
    }
    # No machine needs a compiler for this, so none is to be found.
    pet |= {"CC": "/nowhere/cc", "CXX": "/nowhere/c++"}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PET_")}
    # A file, because a worker that nobody reads would wait for ever on a full pipe.
    with (place / f"said-{node}").open("w") as said:
        return subprocess.Popen(
            [*within, sys.executable, "-m", "codekiln.launch.worker", str(place)],
            cwd=ROOT,
            env=clean | {"OMP_NUM_THREADS": "1"} | {name: str(value) for name, value in pet.items()} | extra,
            stdout=said,
            stderr=subprocess.STDOUT,
        )


def start_nodes(place: Path, nodes: int = 2) -> list[subprocess.Popen]:
    """Start the workers of several nodes with one process each."""
    port = free_port()
    return [start(place, 1, node, nodes, port) for node in range(nodes)]


def finish(worker: subprocess.Popen, node: int = 0) -> tuple[int, str]:
    """Wait for a worker; returns its exit code and everything it said."""
    code = worker.wait(TIMEOUT)
    return code, (Path(worker.args[-1]) / f"said-{node}").read_text()


def finish_nodes(workers: list[subprocess.Popen]) -> tuple[list[int], list[str]]:
    """Wait for the workers of several nodes; returns their exit codes and what they said."""
    ends = [finish(worker, node) for node, worker in enumerate(workers)]
    return [code for code, _ in ends], [said for _, said in ends]


def run(place: Path, processes: int = 2) -> None:
    """Run a job that has to succeed."""
    code, said = finish(start(place, processes))
    assert code == 0, said


def wait_for(path: Path, worker: subprocess.Popen) -> None:
    """Wait until a file is there."""
    wait_until(path.exists, worker)


def wait_until(is_there: Callable[[], bool], worker: subprocess.Popen) -> None:
    """Wait for something that a running worker brings about."""
    deadline = time.monotonic() + TIMEOUT
    while not is_there():
        if worker.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"it never came: {finish(worker)}")
        time.sleep(0.01)


def curve(place: Path) -> list[dict]:
    return [json.loads(line) for line in (place / "output" / "curve.jsonl").read_text().splitlines()]


def summary(place: Path) -> dict:
    return json.loads((place / "output" / "summary.json").read_text())
