"""Types of the messages between the controller and the fork server; both sides import them for type checks only."""

from types import CodeType
from typing import Literal, TypedDict

Step = tuple[str, CodeType]
"""A kind (``value``, ``pair``, ``block`` or ``example``), and the code to evaluate or execute."""


class ProcessLimits(TypedDict):
    """The limits that the kernel enforces on a process."""

    cpu_seconds: int
    memory_mb: int
    file_mb: int


class LimitValues(ProcessLimits):
    """The fields of `codekiln.sandbox.limits.Limits`; the server enforces these two from outside."""

    wall_seconds: float
    output_kb: int


class JobMessage(TypedDict):
    """One run of one program: what the controller sends."""

    nonce: str
    mode: Literal["calls", "stdin"]
    program: str
    stdin: bytes | None
    limits: LimitValues
    setup: CodeType | None
    steps: tuple[Step, ...]


class OutcomeMessage(TypedDict):
    """The end of a run: what the server answers."""

    reason: str
    code: int
    cpu_seconds: float
    peak_kb: int
    results: bytes
    output: bytes
