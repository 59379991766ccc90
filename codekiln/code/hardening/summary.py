"""What hardening did, in figures: a line per problem, and a table over all."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from codekiln.code.hardening.engine import Outcome

_SHOWN = 8


def line_of(outcome: Outcome) -> str:
    """Return one problem's line."""
    head = f"{outcome.task_id}: "
    if not outcome.mutants:
        return f"{head}unchanged, {outcome.reason}"
    tests = sum(_size(test) for test in outcome.added)
    line = f"{head}{outcome.mutants} mutants, {outcome.killed} -> {outcome.killed_after} killed, {tests} tests added"
    return f"{line}; {outcome.reason}" if outcome.reason else line


def summary_of(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the figures over all problems.

    ``kill_rate`` is the mean over the problems with mutants of the share that fails; ``all_killed`` the share of these
    problems whose tests kill every mutant. ``possibly_equivalent`` counts mutants for which no input was found.
    """
    measured = [outcome for outcome in outcomes if outcome.mutants]
    unchanged = defaultdict(list)
    for outcome in outcomes:
        if not outcome.mutants:
            unchanged[outcome.reason.split(":")[0]].append(outcome.task_id)
    before, after = [item.killed for item in measured], [item.killed_after for item in measured]
    return {
        "problems": len(outcomes),
        "measured": len(measured),
        "mutants": sum(item.mutants for item in measured),
        "kill_rate": {"before": _mean_rate(measured, before), "after": _mean_rate(measured, after)},
        "all_killed": {"before": _share_complete(measured, before), "after": _share_complete(measured, after)},
        "tests_added": sum(_size(test) for item in measured for test in item.added),
        "problems_changed": sum(bool(item.added) for item in measured),
        "possibly_equivalent": sum(item.mutants for item in measured) - sum(after),
        "unchanged": dict(unchanged),
    }


def summary_text(summary: dict[str, Any]) -> str:
    """Return the figures as a table."""
    rows = [("", "before", "after")]
    for key, title in (("kill_rate", "kill rate, mean"), ("all_killed", "problems with all mutants killed")):
        rows.append((title, f"{summary[key]['before']:.1%}", f"{summary[key]['after']:.1%}"))
    lines = [f"{title:<34}{before:>8}{after:>8}" for title, before, after in rows]
    counts = ("problems", "measured", "mutants", "problems_changed", "tests_added", "possibly_equivalent", "seconds")
    lines += [f"{name.replace('_', ' '):<34}{summary[name]:>8}" for name in counts if name in summary]
    for reason, names in summary["unchanged"].items():
        shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
        lines.append(f"unchanged, {reason}: {shown}")
    return "\n".join(lines)


def _mean_rate(measured: Sequence[Outcome], killed: Sequence[int]) -> float:
    rates = [number / outcome.mutants for number, outcome in zip(killed, measured, strict=True)]
    return round(sum(rates) / len(rates), 4) if rates else 0.0


def _share_complete(measured: Sequence[Outcome], killed: Sequence[int]) -> float:
    complete = [number == outcome.mutants for number, outcome in zip(killed, measured, strict=True)]
    return round(sum(complete) / len(complete), 4) if complete else 0.0


def _size(test: Any) -> int:
    return len(test.inputs) if hasattr(test, "inputs") else 1
