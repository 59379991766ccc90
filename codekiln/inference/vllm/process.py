"""The process that runs vLLM: starts `engine.py` under the other interpreter, and exchanges JSON lines with it."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from codekiln.data.text import lines_of
from codekiln.errors import InputError, ModelError
from codekiln.inference.vllm import interpreter
from codekiln.launch import processes

ENGINE = Path(__file__).with_name("engine.py")
FIX = 'set engine = "transformers"'
_LAST_LINES = 15
# What torchrun sets for its own processes would make vLLM's process look like one of them; PYTHONPATH is of this one.
_TORCHRUN = ("TORCHELASTIC_", "PET_", "MASTER_", "GROUP_", "ROLE_")
# Addresses, passwords and keys of codekiln and MLflow, which vLLM has no use for.
SECRETS = ("CODEKILN_", "MLFLOW_")
_OTHERS = {"RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "PYTHONPATH", "PYTHONHOME"}


class EngineProcess:
    """A process with vLLM; as a context manager it starts it, and ends it whatever it is doing.

    Args:
        python: Interpreter that has vllm.
        environment: Further environment variables.
    """

    def __init__(self, python: Path, environment: Mapping[str, str]) -> None:
        self.python, self.environment = python, environment

    def __enter__(self) -> Self:
        self._log = tempfile.TemporaryFile()
        try:
            self._process = subprocess.Popen(
                [str(self.python), str(ENGINE)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env={**_environment(), **self.environment},
            )
        except OSError as error:
            self._log.close()
            raise InputError(f"cannot be started: {error.strerror}", where=str(self.python), fix=FIX) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()
        self._log.close()

    def answers(self, job: Mapping[str, Any], work: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Send a job and its work; yield what `engine.py` answers, up to the last completion.

        Raises:
            InputError: vLLM refuses the adapter, or cannot be imported.
            ModelError: vLLM refuses the model, fails, or its process ends early.
        """
        assert self._process.stdin is not None, "it is a pipe"
        assert self._process.stdout is not None, "it is a pipe"
        try:
            for message in (job, work):
                self._process.stdin.write(json.dumps(message).encode() + b"\n")
                self._process.stdin.flush()
        except BrokenPipeError:
            pass  # It has ended; its last words are read below.
        for line in self._process.stdout:
            answer = self._parsed(line)
            if "done" in answer:
                return
            if "error" in answer:
                raise self._refusal(answer, str(job["adapter"] or ""), str(job["model"]))
            yield answer
        code = self._process.wait()
        raise ModelError(f"vLLM's process ended with exit code {code}; its last lines:\n{self._tail()}", fix=FIX)

    def _parsed(self, line: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            what = f"vLLM's process wrote no JSON object: {line[:200].decode(errors='replace').strip()}"
            raise ModelError(f"{what}; its last lines:\n{self._tail()}", fix=FIX)
        return answer

    def _refusal(self, answer: Mapping[str, Any], adapter: str, model: str) -> Exception:
        if answer.get("about") == "adapter":
            return InputError(f"vLLM cannot use this adapter: {answer['error']}", where=adapter, fix=FIX)
        if answer.get("about") == "interpreter":
            return InputError(f"cannot import vLLM: {answer['error']}", where=str(self.python), fix=interpreter.FIX)
        what = "cannot load it" if answer.get("about") == "model" else "failed"
        return ModelError(f"vLLM {what}: {answer['error']}\n{self._tail()}", where=model, fix=FIX)

    def _tail(self) -> str:
        self._log.seek(0)
        lines = lines_of(self._log.read().decode(errors="replace"))
        return "\n".join(f"  | {line.rstrip()}" for line in lines[-_LAST_LINES:])


def _environment() -> dict[str, str]:
    others = (*_TORCHRUN, *SECRETS)
    kept = {name: value for name, value in os.environ.items() if name not in _OTHERS and not name.startswith(others)}
    # The script's own folder is no place to import from.
    return kept | {"PYTHONSAFEPATH": "1", **_visible_gpu()}


def _visible_gpu() -> dict[str, str]:
    """Return the variable that shows this process's own GPU to vLLM, under torchrun: it takes the first it sees."""
    if processes.world_size() == 1:
        return {}
    seen = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
    rank = processes.local_rank()
    return {"CUDA_VISIBLE_DEVICES": seen[rank] if rank < len(seen) else str(rank)}
