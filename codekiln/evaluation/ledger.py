"""The ledger of the gate: every look at results on evaluation problems, so that trying again is charged."""

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from codekiln.data.records import Problem
from codekiln.data.text import byte_lines
from codekiln.evaluation.estimation import CHAMPION
from codekiln.evaluation.per_problem import PerProblem
from codekiln.evaluation.spending import confidence, level_of

LEDGER = "ledger.jsonl"
MARK_LENGTH = 10
"""Hexadecimal digits of a mark: of 1,000 problems and 100,000 others, two are confused by chance once in 10,000."""
# What is asked, and what decides whether a reply is right. Names, sources and strata make no other set of problems.
_CONTENT = {
    "prompt", "entry_point", "preamble", "setup", "tests", "visible_tests", "messages", "reply", "grading_context",
    "benchmark",
}  # fmt: skip


class Decision(BaseModel):
    """A decision of the gate about one adapter on one evaluation set, or a look at what it will rest on.

    Attributes:
        model: Registered model name.
        set: Digest of the problems, from `set_digest`.
        target: The target metric.
        adapter: Digest of the adapter, or whatever else identifies a candidate.
        base: Base model and revision.
        champion: Digest of the champion that it was compared with; empty: none but itself.
        terms: What the decision also depends on, such as the tolerance, by name.
        evaluation: Digest of the values that it rests on, from `results_digest`.
        number: How many candidates were judged on these problems, this one included; 0 until that is counted.
        level: Two-sided level of the intervals that the gate looked at; 0 until ``number`` is counted.
        when: ISO 8601, in UTC.
        run: MLflow's id of the parent run; empty without MLflow.
        verdict: ``open`` before it is judged, and when that was interrupted.
        sentence: The gate's.
        files: sha256 of the results and the report, by name.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: str
    set: str
    target: str
    adapter: str
    base: str = ""
    champion: str = ""
    terms: dict[str, Any] = {}
    evaluation: str = ""
    number: int = 0
    level: float = 0.0
    when: str = ""
    run: str = ""
    verdict: Literal["open", "promoted", "not promoted"] = "open"
    sentence: str = ""
    files: dict[str, str] = {}

    @property
    def key(self) -> str:
        """Identify what was asked: the same adapter on the same set and terms is no new try."""
        return _digest([self.model, self.set, self.target, self.adapter, self.base, self.terms])[:32]

    @property
    def attempt(self) -> str:
        """Identify what was asked and the results that answer it: while it is open, other samples are a new try."""
        return _digest([self.key, self.evaluation])[:32]


def set_digest(problems: Iterable[Problem]) -> str:
    """Return the digest of an evaluation set; the problems' order, names, sources and references do not matter."""
    return _digest(sorted(_digest(problem.model_dump(mode="json", include=_CONTENT)) for problem in problems))


def marks(problems: Iterable[Problem]) -> frozenset[str]:
    """Return marks by which a problem is known again in another set: one of what it asks, and one of its tests.

    Either is enough, so that changing only one of them makes no new problem. Of the text, letters and digits count.
    """
    found = set()
    for problem in problems:
        asked = problem.prompt + "".join(message.content for message in problem.messages if not problem.prompt.strip())
        if words := re.sub(r"[\W_]+", "", asked).casefold():
            found.add(_digest(["asks", words]))
        tests = problem.model_dump(mode="json")["tests"] or (
            [problem.grading_context] if problem.grading_context else []
        )
        if tests:
            plain = sorted(re.sub(r"\\n|\s", "", json.dumps(test, sort_keys=True)) for test in tests)
            found.add(_digest(["tests", problem.entry_point, plain]))
    return frozenset(mark[:MARK_LENGTH] for mark in found)


def results_digest(*evaluated: PerProblem) -> str:
    """Return the digest of values per problem, of the base and the adapters: who is champion may change meanwhile."""
    return _digest([{name: found for name, found in one.items() if name != CHAMPION} for one in evaluated])


def numbered(
    decision: Decision, known: Iterable[Decision], sets: Mapping[str, Collection[str]], own: Collection[str]
) -> Decision:
    """Return ``decision`` with its number among all attempts with its base on any of its problems, and with its level.

    Every attempt counts, whatever its set, target, terms and registered model, as long as one problem is shared: so all
    that are judged on any one problem share an error of 5 %. ``known`` has to be read after ``decision`` was written to
    where it is read from. Then of several that are judged at once the n-th that was written has at least the number n,
    whatever their clocks say, so that they spend no more together than one after the other.

    Args:
        decision: To be counted.
        known: All decisions and looks at results that there are.
        sets: Marks of all problems by digest of a set; one that is missing counts as a set that shares problems.
        own: Marks of the problems that the target is measured on, without those of further benchmarks: a benchmark may
            guard all runs of a team, but who makes it the main set is charged for the results seen on it.
    """
    apart = {name for name, theirs in sets.items() if name != decision.set and not set(own) & set(theirs)}
    same = {other.attempt for other in known if other.base == decision.base and other.set not in apart}
    number = len(same | {decision.attempt})
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
        for number, line in enumerate(byte_lines(self.path.read_bytes()), 1):
            try:
                decision = Decision.model_validate_json(line)
            except ValidationError:
                self.say(
                    f"{self.path}:{number}: is no decision, perhaps cut while it was written, and is left out\n"
                    "  fix: delete the line; MLflow has the decisions of runs, and counts those"
                )
                continue
            found[decision.attempt] = decision
        return list(found.values())

    def add(self, decision: Decision) -> None:
        """Add a line, unless the decision has an equal one."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            lines, text = file.read(), decision.model_dump_json().encode()
            if text in byte_lines(lines):
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
    """Return, for each set among the decisions, at which confidence the next candidate on it is judged at least."""
    last: dict[tuple[str, str, str], int] = {}
    for item in decisions:
        name = (item.model, item.target, item.set[:12])
        last[name] = max(last.get(name, 0), item.number)
    return [
        f"{model}, {target}, set {found}: the next candidate is judged with intervals at "
        f"{confidence(level_of(number + 1))} or more"
        for (model, target, found), number in last.items()
    ]


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
