"""The ledger of an evaluation set: every decision of the gate on it, so that trying again is charged."""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from codekiln.data.records import Problem
from codekiln.evaluation.spending import confidence, level_of

LEDGER = "ledger.jsonl"
# What is asked and what decides whether a reply is right. Names, sources and strata make no other set of problems.
_CONTENT = {
    "prompt", "entry_point", "preamble", "setup", "tests", "visible_tests", "messages", "reply", "grading_context",
}  # fmt: skip


class Decision(BaseModel):
    """A decision of the gate about one adapter on one evaluation set.

    Attributes:
        model: Registered model name; a set has a count for each.
        set: Digest of the problems and of what decides, from `set_digest`.
        target: The target metric.
        adapter: sha256 of the adapter's weights, or whatever else identifies a candidate.
        champion: sha256 of the champion that it was compared with; empty: none but itself.
        terms: What the decision also depends on, such as the tolerance, by name.
        number: How many candidates were judged on the set, this one included.
        level: Two-sided level of the intervals that the gate looked at.
        when: ISO 8601, in UTC.
        run: MLflow's id of the parent run; empty without MLflow.
        verdict: ``open`` while it is being judged, or when that was interrupted.
        sentence: The gate's.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: str
    set: str
    target: str
    adapter: str
    champion: str = ""
    terms: dict[str, Any] = {}
    number: int = 1
    level: float = level_of(1)
    when: str = ""
    run: str = ""
    verdict: Literal["open", "promoted", "not promoted"] = "open"
    sentence: str = ""

    @property
    def key(self) -> str:
        """Identify what was asked: the same adapter on the same set and terms is no new try."""
        return _digest([self.model, self.set, self.adapter, self.terms])[:32]


def set_digest(problems: Iterable[Problem], target: str, direction: str, protected: Sequence[str]) -> str:
    """Return the digest of an evaluation set and of what decides on it.

    Args:
        problems: Their order does not matter, nor do their names, sources and references.
        target: The target metric.
        direction: Which way it is better.
        protected: Measures that may not fall.
    """
    rows = sorted(_digest(problem.model_dump(mode="json", include=_CONTENT)) for problem in problems)
    return _digest([rows, target, direction, sorted(protected)])


def numbered(decision: Decision, known: Iterable[Decision]) -> Decision:
    """Return ``decision`` with its number among all that are known of its model and set, and with its level.

    ``known`` has to be read after ``decision`` was written to where it is read from. Then of several that are judged at
    once the n-th that was written has at least the number n, whatever their clocks say, so that they spend no more
    together than one after the other.
    """
    same = {other.key for other in known if (other.model, other.set) == (decision.model, decision.set)}
    number = len(same | {decision.key})
    return decision.model_copy(update={"number": number, "level": level_of(number)})


class LedgerFile:
    """A ledger as a file of JSON lines, to which lines are only ever added, one by one, also by several processes.

    Args:
        path: Created by the first decision.
        say: Gets a message about each line that cannot be read.
    """

    def __init__(self, path: Path, say: Callable[[str], None] = print) -> None:
        self.path, self.say = path, say

    def decisions(self) -> list[Decision]:
        """Return the decisions, the last line about each; lines that cannot be read are named and left out."""
        if not self.path.exists():
            return []
        found: dict[str, Decision] = {}
        for number, line in enumerate(self.path.read_bytes().splitlines(), 1):
            try:
                decision = Decision.model_validate_json(line)
            except ValidationError:
                self.say(
                    f"{self.path}:{number}: is no decision, perhaps cut while it was written, and is left out\n"
                    "  fix: delete the line; MLflow has the decisions of runs, and counts those"
                )
                continue
            found[decision.key] = decision
        return list(found.values())

    def add(self, decision: Decision) -> None:
        """Add a line, unless the decision has an equal one."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            lines, text = file.read(), decision.model_dump_json().encode()
            if text in lines.splitlines():
                return
            # After a line that was cut, so that only that one is lost.
            file.write((b"" if not lines or lines.endswith(b"\n") else b"\n") + text + b"\n")
            file.flush()
            os.fsync(file.fileno())


def table(decisions: Sequence[Decision]) -> str:
    """Return decisions as aligned text, set by set in the order in which they were counted."""
    head = ("model", "target", "set", "number", "level", "adapter", "verdict", "when", "run")
    rows = [
        (
            item.model, item.target, item.set[:12], str(item.number), f"{item.level:.2g}", item.adapter[:12],
            item.verdict, item.when, item.run[:12],
        )
        for item in sorted(decisions, key=lambda item: (item.model, item.set, item.number, item.when))
    ]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (head, *rows)
    )


def outlook(decisions: Sequence[Decision]) -> list[str]:
    """Return, for each set among the decisions, at which confidence the next candidate on it is judged."""
    last: dict[tuple[str, str, str], int] = {}
    for item in decisions:
        name = (item.model, item.target, item.set[:12])
        last[name] = max(last.get(name, 0), item.number)
    return [
        f"{model}, {target}, set {found}: the next candidate is judged with intervals at "
        f"{confidence(level_of(number + 1))}"
        for (model, target, found), number in last.items()
    ]


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
