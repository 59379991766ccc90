"""vLLM's OpenAI-compatible server as a process of this one: its command, its start, and its end."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from codekiln import models
from codekiln.data.text import lines_of
from codekiln.errors import InputError, ModelError
from codekiln.inference.vllm.process import SECRETS
from codekiln.models.adapter_files import rank_of
from codekiln.stages.process_tree import descendants, kill
from codekiln.stages.serving.client import ServerClient

RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""What vLLM 0.32 takes as ``--max-lora-rank`` (vllm/config/lora.py, MaxLoRARanks)."""
LEAST_RANK = 16
STOP_SECONDS = 20.0
_PR_SET_PDEATHSIG = 1
_ADDED_OPTIONS = ("--model", "--host", "--port", "--enable-lora", "--lora-modules", "--middleware")
_SHOWN_LINES = 20


@dataclass(frozen=True)
class Serving:
    """What is served, and where.

    Attributes:
        base: A name of the model table, a folder or a Hub id.
        revision: Hub revision of the base; None: that of the table.
        max_lora_rank: Highest rank of an adapter that can be loaded.
        adapter: Folder of an adapter that is served from the start on as ``adapter_name``; None: none.
        adapter_name: Name of ``adapter``.
        middleware: Import path of an ASGI middleware; empty: none.
        host: Address to listen at.
        port: Port to listen at.
        template: Chat template in place of the model's own; None: that.
        extra: More arguments for vLLM.
    """

    base: str
    revision: str | None
    max_lora_rank: int
    adapter: Path | None
    adapter_name: str
    middleware: str
    host: str
    port: int
    template: Path | None = None
    extra: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """Where this machine reaches the server."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)
        return f"http://{host}:{self.port}"


def command(python: Path, serving: Serving) -> list[str]:
    """Return the command line of vLLM's server.

    The base has the name of the model table.
    """
    for option in _ADDED_OPTIONS:
        if any(each == option or each.startswith(f"{option}=") for each in serving.extra):
            raise InputError("is set by codekiln itself", where=f"-- {option}", fix="leave it out")
    spec = models.get(serving.base)
    # `vllm serve` looks for the metadata of a package named vllm, which the one for CPUs is not.
    line = [str(python), "-m", "vllm.entrypoints.openai.api_server", "--model", spec.source]
    line += ["--served-model-name", spec.name, "--host", serving.host, "--port", str(serving.port)]
    if spec.hub_revision:
        line += ["--revision", serving.revision or spec.hub_revision]
    if serving.template:
        line += ["--chat-template", str(serving.template)]
    line += ["--dtype", "bfloat16"] if has_gpu() else ["--dtype", "float32", "--enforce-eager"]
    # Slots for the old and the new version in one batch; both stay in memory for requests that have begun.
    line += ["--enable-lora", "--max-loras", "2", "--max-cpu-loras", "4"]
    line += ["--max-lora-rank", str(serving.max_lora_rank)]
    if serving.adapter:
        line += ["--lora-modules", f"{serving.adapter_name}={serving.adapter.absolute()}"]
    if serving.middleware:
        line += ["--middleware", serving.middleware]
    return [*line, *serving.extra]


def has_gpu() -> bool:
    """Return whether this machine has a GPU of NVIDIA or AMD with its driver."""
    return any(Path(device).exists() for device in ("/dev/nvidiactl", "/dev/kfd"))


def rank_for(adapter: Path | None, least: int = LEAST_RANK) -> int:
    """Return the lowest ``--max-lora-rank`` that takes an adapter, and one of rank ``least``."""
    rank = max(least, rank_of(adapter) if adapter else 0)
    if found := next((each for each in RANKS if each >= rank), None):
        return found
    raise InputError(f"rank {rank} is above {RANKS[-1]}, the highest that vLLM serves", where="serve", fix=_MERGE)


@contextlib.contextmanager
def running(python: Path, serving: Serving, environment: dict[str, str], log: Path) -> Iterator["VllmServer"]:
    """Provide a server that is starting; it and all its processes have ended when the block has.

    Raises:
        InputError: The port is taken.
    """
    line = command(python, serving)
    _require_free(serving.host, serving.port)
    with log.open("ab") as file:
        server = VllmServer(_start(line, environment, file), serving.url, log)
    try:
        yield server
    finally:
        server.stop()


class VllmServer:
    """A server that was started.

    Args:
        process: Its first process, which has a session of its own.
        url: Where it is reached.
        log: File that has what it prints.
    """

    def __init__(self, process: subprocess.Popen[bytes], url: str, log: Path) -> None:
        self.process, self.url, self.log = process, url, log

    def wait_ready(self, client: ServerClient, say: Callable[[str], None]) -> None:
        """Return when the server answers.

        Raises:
            ModelError: It ended before, with the end of its log.
        """
        start = said = time.monotonic()
        while not client.is_up():
            self.require_running()
            if time.monotonic() - said > 30:
                said = time.monotonic()
                say(f"vLLM starts, {said - start:.0f} s; its log is {self.log}")
            time.sleep(0.5)

    def require_running(self) -> None:
        """Raise ModelError, with the end of the log, when the server has ended."""
        if (code := self.process.poll()) is not None:
            lines = lines_of(self.log.read_bytes().decode("utf-8", errors="replace"))[-_SHOWN_LINES:]
            what = f"vLLM ended with exit code {code}; its last lines:\n{''.join(lines).rstrip()}"
            raise ModelError(what, fix=f"correct what its log says: {self.log}")

    def stop(self) -> None:
        """End the server, by SIGTERM and then by SIGKILL, and every process that it started."""
        try:
            below = descendants(psutil.Process(self.process.pid))
        except psutil.NoSuchProcess:
            below = set()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
        # Where the first process was killed from outside, its engine has another parent; the session is the same.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        kill(below)
        self.process.wait()


def _start(line: Sequence[str], environment: dict[str, str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    defaults = {
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        # GiB of the key-value cache on a CPU; vLLM's own default is half of the machine's memory.
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_LOGGING_LEVEL": "INFO",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith(SECRETS)}
    libc = ctypes.CDLL(None)

    def end_with_parent() -> None:
        # prctl(2): SIGTERM for the server when SIGKILL has ended codekiln.
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    return subprocess.Popen(
        line,
        env={**defaults, **kept, **environment},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=end_with_parent,
    )


def _require_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            fix = "give another --port, or end what listens there"
            raise InputError(f"cannot listen there: {error.strerror}", where=f"{host}:{port}", fix=fix) from None


_MERGE = "serve the merged model: codekiln export NAME@champion --format merged -o FOLDER"
