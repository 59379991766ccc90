"""What is said of a step that failed: what ended it, what to change, and where the next run goes on."""

import contextlib
import signal
from dataclasses import dataclass
from pathlib import Path

import psutil

from codekiln.cli import exit_codes
from codekiln.stages.base import StageManifest

_CGROUP = Path("/sys/fs/cgroup")
_TRAINING = ("sft", "dpo", "dpo_further")


@dataclass(frozen=True)
class StepFailure:
    """A step of a run that failed.

    Attributes:
        step: Its name; empty where none has begun.
        code: Exit code of its process: 2 after a mistake of the user, 128 + n when signal n ended it.
        is_out_of_memory: Whether the kernel has killed a process for memory meanwhile.
    """

    step: str
    code: int
    is_out_of_memory: bool = False

    @property
    def exit_code(self) -> int:
        """The exit code of the run."""
        return exit_codes.USER_ERROR if self.code == exit_codes.USER_ERROR else exit_codes.FAILED

    def explain(self, workdir: Path, log: Path) -> str:
        """Return what to tell the user beside the step's own error: what ended it, and whether repeating helps."""
        stopped = f"stopped; the log is {log}"
        if self.code == exit_codes.USER_ERROR:
            return stopped if self.step in ("", "check") else f"{stopped}; what was done before {self.step} is kept"
        stopped += f"; repeat the command to continue{goes_on(workdir, self.step)}"
        if self.code <= 128:
            return stopped
        fix = [f"  fix: {_less_memory(workdir, self.step)}"] if self.code == 128 + signal.SIGKILL else []
        return "\n".join((f"{self.step or 'a step'} {self._cause()}", *fix, stopped))

    def _cause(self) -> str:
        if self.code != 128 + signal.SIGKILL:
            with contextlib.suppress(ValueError):
                return f"was ended by {signal.Signals(self.code - 128).name}"
            return f"ended with exit code {self.code}"
        if self.is_out_of_memory:
            return f"was killed: out of memory{_limit()}"
        return f"was killed (SIGKILL), perhaps out of memory{_limit()}"


def goes_on(workdir: Path, step: str) -> str:
    """Return with what, and where in it, the next run goes on after this step was interrupted."""
    from codekiln.training.checkpoints import reached

    if not step.startswith(_TRAINING) or StageManifest.describes(workdir / step):
        return f" with {step}" if step else ""
    if found := reached(workdir / step):
        return f" with {step} at step {found[0]} of {found[1]}"
    return f" with {step} from its beginning: no checkpoint was complete yet"


def oom_kills() -> int:
    """Return how many processes the kernel has killed for memory since the machine's start, in containers as well."""
    with contextlib.suppress(OSError), Path("/proc/vmstat").open(encoding="utf-8") as file:  # proc(5)
        for line in file:
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def _limit() -> str:
    """Return the memory that this container, or this machine, has."""
    total = psutil.virtual_memory().total
    for name in ("memory.max", "memory/memory.limit_in_bytes"):  # of version 2 and 1 of control groups
        with contextlib.suppress(OSError, ValueError):
            limit = int((_CGROUP / name).read_text(encoding="utf-8"))
            if limit < total:
                return f" (the container has {limit / 2**30:.1f} GiB)"
    return f" (the machine has {total / 2**30:.1f} GiB)"


def _less_memory(workdir: Path, step: str) -> str:
    if step.startswith(_TRAINING):
        section = "dpo_further" if step.startswith("dpo_further") else step
        size = _size_of_a_pass(workdir, section)
        return f"set {section}.{size}{_now(workdir, section, size)} or {section}.max_length" + (
            f"{_now(workdir, section, 'max_length')} lower, or {section}.gradient_checkpointing = true"
        )
    if step.startswith(("self_generate", "evaluate")):
        section = "evaluate" if step == "evaluate" else "self_generate"
        return f"set {section}.max_new_tokens{_now(workdir, section, 'max_new_tokens')} lower"
    if step.startswith(("filter", "self_filter")):
        return f"set workers{_now(workdir, '', 'workers')} to 1, or sandbox.memory_mb lower"
    return "give it more memory, or end what else runs here"


def _size_of_a_pass(workdir: Path, section: str) -> str:
    packed = _now(workdir, section, "packing") == " (now True)"
    is_set = _now(workdir, section, "tokens_per_pass") not in ("", " (now None)")
    return "tokens_per_pass" if packed and is_set else "micro_batch"


def _now(workdir: Path, section: str, key: str) -> str:
    """Return a setting's value in this run."""
    from codekiln.stages.run_folder import read_settings

    with contextlib.suppress(Exception):  # a message must not fail for what it could add
        settings = read_settings(workdir / "check")
        return f" (now {getattr(getattr(settings, section) if section else settings, key)})"
    return ""
