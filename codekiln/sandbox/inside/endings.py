"""What the end of a program's process means for a verdict."""

from codekiln.sandbox.inside import checks
from codekiln.sandbox.inside.plain_values import parse

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from codekiln.sandbox.inside.messages import LimitValues, OutcomeMessage

STILL_RUNNING = "still running after"
"""How the detail of a timeout by wall time begins."""
_SIGKILLED = -9
"""Exit code of a process that the kernel ended, for its CPU time or its memory."""
_CPU_SIGNALS = (-9, -24)
KILLED = "(killed by signal 9)"
"""End of the detail where the kernel or somebody else killed a program that was within its limits."""


def largest(limits: "LimitValues") -> int:
    """Return the size of the largest message that a program's process may send; it bounds its results itself."""
    return 4 * (limits["output_kb"] << 10) + (1 << 16)


def split_results(data: bytes) -> "tuple[list[Any] | None, list[bytes], checks.Failure | None]":
    """Split the message with which a program's process answers calls.

    Returns:
        Descriptions and names of classes (None: the program ended before they were written), one line per call, and
        what stopped the program before its calls, or what is wrong with the message.
    """
    if not data:
        return None, [], None
    first, *lines = data.split(b"\n")
    try:
        head = parse(first)
        word = head[0]
        if word == "loaded":
            if len(head) not in (1, 3) or not all(type(part) is list for part in head[1:]):
                raise ValueError("a malformed head")
            return head[1:], lines, None
        if word == "large":
            return None, [], ("output", "a result is too large to send")
        checks.check_description(head[1:])
        if word == "invalid":
            return None, [], ("invalid", checks.raised(head[1:]))
        if word == "raised":
            return None, [], (checks.status_of(head[1], in_test=False), checks.raised(head[1:]))
        raise ValueError(f"unknown message {str(word)[:20]!r}")
    except (ValueError, TypeError, LookupError) as error:
        return None, [], ("tampered", f"the result channel was written by the program: {error}"[:200])


def ended_well(outcome: "OutcomeMessage") -> bool:
    """Return whether a program that was asked for calls only ended by itself."""
    return outcome["reason"] == "ended" and outcome["code"] == 0


def ending_of(outcome: "OutcomeMessage", limits: "LimitValues") -> checks.Failure:
    """Return the status of a run that ended too early, and the reason in words."""
    reason, code, seconds, peak = outcome["reason"], outcome["code"], outcome["cpu_seconds"], outcome["peak_kb"]
    used = f"{seconds:.1f} s CPU"
    if reason == "timeout":
        return "timeout", f"{STILL_RUNNING} {limits['wall_seconds']:g} s ({used})"
    if reason == "output":
        return "output", f"wrote more than {limits['output_kb']} KiB"
    if reason == "threads":
        return "memory", "has more than 256 threads"
    if reason == "folder":
        return "output", f"filled its folder: more than {limits['file_mb']} MiB or 1000 files"
    # On a busy virtual machine the kernel's limit and the usage it reports differ by a quarter of a second and more.
    if code == _SIGKILLED and seconds > limits["cpu_seconds"] / 2:
        return "timeout", f"used its {limits['cpu_seconds']} s of CPU"
    # The limit is on the address space, which the resident memory that is reported never quite reaches.
    if code < 0 and peak > limits["memory_mb"] * 1024 * 0.8:
        return "memory", f"killed by signal {-code} at {peak >> 10} MiB"
    how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
    return "crashed", f"the process ended before its tests did ({how})"


def count_end(tally: checks.Tally, outcome: "OutcomeMessage", limits: "LimitValues", in_time: bool, code: int) -> None:
    """Record why a run of tests that asks questions ended before all tests ran, or that the program ended badly."""
    if tally.lost == "large":
        tally.fail("output", "its answers are too large")
    elif tally.lost:
        tally.fail("tampered", f"the program {tally.lost}"[:300])
    elif tally.lost is not None:
        tally.fail(*ending_of(outcome, limits))
    elif not in_time or code in _CPU_SIGNALS:
        tally.fail("timeout", "the tests did not end with what the program answered")
    elif not tally.ended:
        tally.fail("crashed", f"the tests ended before their end (code {code})")
    elif not ended_well(outcome):
        tally.fail(*ending_of(outcome, limits))


def count_script(
    tally: checks.Tally, results: bytes, outcome: "OutcomeMessage", limits: "LimitValues", script: tuple[str, str, str]
) -> None:
    """Count one run of the program as a script by what it printed; ``script`` is one of ``ProblemPlan.scripts``."""
    given, wanted, comparison = script
    _, _, problem = split_results(results)
    if problem:
        tally.fail(*problem)
    elif outcome["reason"] != "ended" or outcome["code"] < 0:
        tally.fail(*ending_of(outcome, limits))
    else:
        printed = outcome["output"].decode("utf-8", "replace")
        failure = None
        if outcome["code"] != 0:
            failure = ("error", f"input {checks.short(given)!r}: exit code {outcome['code']}")
        elif not (_same_numbers if comparison == "numbers" else _same_text)(printed, wanted):
            failure = ("failed", f"input {checks.short(given)!r}: printed {checks.short(printed)!r}")
        tally.count("", failure, False)


def _same_text(printed: str, wanted: str) -> bool:
    left, right = ([line.rstrip() for line in text.rstrip().split("\n")] for text in (printed, wanted))
    return left == right


def _same_numbers(printed: str, wanted: str) -> bool:
    """Return whether the lines agree as LiveCodeBench compares them (``lcb_runner/evaluation/testing_util.py``)."""
    left, right = ([line.strip() for line in text.strip().split("\n")] for text in (printed, wanted))
    pairs = zip(left, right, strict=False)
    return len(left) == len(right) and all(mine == other or _equal_numbers(mine, other) for mine, other in pairs)


def _equal_numbers(line: str, other: str) -> bool:
    from decimal import Decimal, InvalidOperation

    try:
        left, right = ([Decimal(word) for word in text.split()] for text in (line, other))
        return left == right
    except InvalidOperation:  # a word is no number, or a signalling NaN is compared
        return False
