"""Plays the Trainer and the v1 operator: runs the commands of jobs on this machine, with the variables they inject."""

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from tests.launch.fake_api import FakeApi

DONE = {"TrainJob": "Complete", "PyTorchJob": "Succeeded"}


class Operator:
    """Runs every job that appears in a fake API server, one after another, each node as a process of its own.

    Attributes:
        ran: The jobs that were run, as the server stored them.
    """

    def __init__(self, api: FakeApi) -> None:
        self.api, self.ran, self.stop = api, [], threading.Event()
        self.workers: list[subprocess.Popen[str]] = []
        self.thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> "Operator":
        self.thread.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self.stop.set()
        self.thread.join(30)

    def kill(self) -> None:
        """End the processes of the job at work, as when its pods are deleted, and wait until they are gone."""
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            worker.wait(60)

    def _work(self) -> None:
        while not self.stop.wait(0.1):
            known = {job["metadata"]["uid"] for job in self.ran}
            for job in self.api.jobs():
                if job["metadata"]["uid"] not in known:
                    self.ran.append(job)
                    self._run(job)

    def _run(self, job: dict[str, Any]) -> None:
        container, nodes, processes = _container(job)
        port = _free_port()
        pods = [self.api.pod(job, rank) for rank in range(nodes)]
        self.workers = workers = [_start(container, nodes, processes, rank, port) for rank in range(nodes)]
        for worker, pod in zip(workers, pods, strict=True):
            threading.Thread(target=self._log, args=(worker, pod), daemon=True).start()
        codes = [worker.wait() for worker in workers]
        if not self.api.jobs(job["metadata"]["name"]):
            return
        for code, pod in zip(codes, pods, strict=True):
            self.api.set_pod(pod, phase="Failed" if code else "Succeeded", code=code)
        if any(codes):
            self.api.condition(job, "Failed", "FailedJobs", f"exit codes {codes}")
        else:
            self.api.condition(job, DONE[job["kind"]], "AllJobsCompleted", "done")

    def _log(self, worker: subprocess.Popen[str], pod: dict[str, Any]) -> None:
        for line in worker.stdout:
            self.api.log(pod, line.rstrip("\n"))


def _container(job: dict[str, Any]) -> tuple[dict[str, Any], int, int]:
    """Return what a node runs, the number of nodes, and the processes of each."""
    spec = job["spec"]
    if job["kind"] == "TrainJob":
        return spec["trainer"], spec["trainer"]["numNodes"], spec["trainer"]["numProcPerNode"]
    replicas = spec["pytorchReplicaSpecs"]
    nodes = sum(replica.get("replicas", 1) for replica in replicas.values())
    (container,) = replicas["Master"]["template"]["spec"]["containers"]
    return container, nodes, int(spec["nprocPerNode"])


def _start(container: dict[str, Any], nodes: int, processes: int, rank: int, port: int) -> subprocess.Popen[str]:
    pet = {
        "PET_NNODES": nodes,
        "PET_NPROC_PER_NODE": processes,
        "PET_NODE_RANK": rank,
        "PET_MASTER_ADDR": "127.0.0.1",
        "PET_MASTER_PORT": port,
    }
    given = {each["name"]: each["value"] for each in container.get("env", ()) if "value" in each}
    # Of this machine's environment a pod has nothing but what lets this installation run.
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    storage = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    path = os.pathsep.join((str(Path(sys.executable).parent), kept.get("PATH", "")))
    return subprocess.Popen(
        [*container["command"], *container["args"]],
        env=kept | storage | {"PATH": path, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"} | given
        | {name: str(value) for name, value in pet.items()},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/",
    )  # fmt: skip


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
