"""``codekiln serve`` as a process, and a client that asks all the time."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psutil

PROMPT = "Define list_divisors(n). Take the divisors of n. Keep those that are odd. Return the list."


class Process:
    """A process of ``codekiln serve`` and the lines that it printed."""

    def __init__(self, arguments: list[str], environment: dict[str, str], output: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url, self._output = f"http://127.0.0.1:{self.port}", output
        line = [sys.executable, "-m", "codekiln", "serve", *arguments[:1], f"--port={self.port}", *arguments[1:]]
        with output.open("wb") as file:
            self.process = subprocess.Popen(line, stdout=file, stderr=file, env={**os.environ, **environment})

    @property
    def lines(self) -> list[str]:
        return self._output.read_text().splitlines()

    def wait_for(self, text: str, seconds: float) -> str:
        """Return the first line with a text, and wait for it."""
        end = time.monotonic() + seconds
        while not (found := [line for line in self.lines if text in line]):
            assert self.process.poll() is None, "\n".join(self.lines)
            assert time.monotonic() < end, f"no '{text}' in\n" + "\n".join(self.lines)
            time.sleep(0.1)
        return found[0]

    def ask(self, model: str = "champion", **more: Any) -> tuple[int, dict[str, Any]]:
        content = {"model": model, "messages": [{"role": "user", "content": PROMPT}], "temperature": 0, **more}
        answer = httpx2.post(f"{self.url}/v1/chat/completions", json=content, timeout=60, trust_env=False)
        return answer.status_code, answer.json()

    def answer(self, model: str = "champion") -> tuple[str, str]:
        """Return who has answered, and what."""
        status, content = self.ask(model, max_tokens=120)
        assert status == 200, content
        return content["model"], content["choices"][0]["message"]["content"]

    def below(self) -> set[psutil.Process]:
        return set(psutil.Process(self.process.pid).children(recursive=True))

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


@contextmanager
def serving(arguments: list[str], environment: dict[str, str], output: Path) -> Iterator[Process]:
    served = Process(arguments, environment, output)
    below: set[psutil.Process] = set()
    try:
        yield served
    finally:
        if served.process.poll() is None:
            below = served.below()
            served.end()
        for each in psutil.wait_procs(below, 10)[1]:
            each.kill()


def all_gone(processes: set[psutil.Process], seconds: float = 30) -> bool:
    """Return whether processes have ended, or end within some seconds."""
    return not psutil.wait_procs(processes, seconds)[1]


@contextmanager
def asking(served: Process) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    """Ask the champion all the time while the block runs; yields the answers that are there so far."""
    answers: list[tuple[int, dict[str, Any]]] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            answers.append(served.ask(max_tokens=60))

    clients = [threading.Thread(target=ask) for _ in range(2)]
    for client in clients:
        client.start()
    try:
        yield answers
    finally:
        stop.set()
        for client in clients:
            client.join()
