"""A step of a test: a request, waits short enough for a test, and what the step says.

What happens at once on an idle machine may take seconds on a busy one. So tests wait for what they expect, and a limit
is short only in the test that is about it.
"""

import multiprocessing
import os
import re
import threading
import time
from pathlib import Path
from typing import Any

from codekiln.launch.cluster.pool_run import run_on_pool
from codekiln.launch.cluster.request import JobRequest
from codekiln.launch.cluster.timeouts import Timeouts
from codekiln.launch.pools import Pool
from tests.launch.fake_api import FakeApi
from tests.launch.fake_objects import PATIENCE

QUICK = Timeouts(
    retry_min=0.01,
    retry_max=0.05,
    poll=0.02,
    watch=1,
    events=0.05,
    repeat=0.1,
    reminder=60,
    blocked=60,
    start=60,
    lost=60,
    forbidden=0.2,
    settle=0.2,
    log_silence=5,
    drain=60,
    deletion=60,
    cleanup=60,
    recording=60,
)


def pool(**values: Any) -> Pool:
    """Return a pool with two accelerators on one node."""
    return Pool(**{"image": "codekiln/train:1", "runtime": "codekiln-a", "accelerators": 2, **values})


def request(pool_values: dict[str, Any] | None = None, **values: Any) -> JobRequest:
    """Return a request for a job of the step ``sft``."""
    defaults = {
        "name": "sft-0a1b2c3d4e",
        "step": "sft",
        "pool_name": "a",
        "pool": pool(**(pool_values or {})),
        "arguments": ("/codekiln/sft-0a1b2c3d4e",),
        "identity": "same",
    }
    return JobRequest(**(defaults | values))


class Said:
    """The lines that a step has said; a callable that takes the next one."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._more = threading.Condition()

    def __call__(self, line: str) -> None:
        with self._more:
            self.lines.append(line)
            self._more.notify_all()

    def __contains__(self, text: str) -> bool:
        return any(text in line for line in self.lines)

    def count(self, text: str) -> int:
        """Return how many lines contain a text."""
        return sum(text in line for line in self.lines)

    def wait(self, text: str, times: int = 1) -> None:
        """Wait until a text has been said so many times."""
        end = time.monotonic() + PATIENCE
        with self._more:
            while self.count(text) < times:
                assert self._more.wait(end - time.monotonic()), f"'{text}' is not said; but: {self.lines}"


def complete(api: FakeApi, job: dict[str, Any], *pods: dict[str, Any]) -> None:
    """Let pods end well, and then the job."""
    for pod in pods:
        api.set_pod(pod, phase="Succeeded", code=0)
    kind = {"TrainJob": "Complete", "PyTorchJob": "Succeeded"}[job["kind"]]
    api.condition(job, kind, "AllJobsCompleted", "jobset completed successfully")


def fail(api: FakeApi, job: dict[str, Any], reason: str = "FailedJobs", message: str = "some jobs have failed") -> None:
    """Let a job fail."""
    api.condition(job, "Failed", reason, message)


class Step:
    """A step in a process of its own, which can be killed."""

    def __init__(self, api: FakeApi, made: JobRequest) -> None:
        self.said = api.kubeconfig.with_name("said")
        self.said.write_text("")
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.launch.preloaded"])
        self.process = context.Process(target=_step, args=(made, str(api.kubeconfig), str(self.said)))
        self.process.start()

    def wait(self, text: str) -> None:
        """Wait until the step has said a text."""
        end = time.monotonic() + PATIENCE
        while text not in self.said.read_text():
            assert time.monotonic() < end, f"'{text}' is not said; but: {self.said.read_text()}"
            time.sleep(0.01)

    def kill(self, number: int) -> None:
        """Send a signal, and wait until the process has it."""
        assert self.process.pid
        os.kill(self.process.pid, number)
        end = time.monotonic() + PATIENCE
        while _is_pending(self.process.pid, number):
            assert time.monotonic() < end, f"signal {number} does not arrive"
            time.sleep(0.01)

    def end(self) -> int | None:
        """Return the exit code; negative for a signal."""
        self.process.join(PATIENCE)
        assert self.process.exitcode is not None, "the step does not end"
        return self.process.exitcode


def _is_pending(pid: int, number: int) -> bool:
    """Return whether a signal has been sent to a process and not yet been delivered."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    masks = re.findall(r"^(?:SigPnd|ShdPnd):\s*(\w+)", status, re.M)
    return any(int(mask, 16) >> (number - 1) & 1 for mask in masks)


def _step(made: JobRequest, kubeconfig: str, said: str) -> None:
    os.environ["KUBECONFIG"] = kubeconfig
    for name in ("KUBERNETES_SERVICE_HOST", "CODEKILN_NAMESPACE", "CODEKILN_POD"):
        os.environ.pop(name, None)
    with open(said, "a", buffering=1, encoding="utf-8") as file:
        run_on_pool(made, lambda line: file.write(line + "\n"), QUICK)
