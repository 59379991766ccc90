"""What a reply is worth: every change it makes is found by the diff and classified alone by the proof."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from codekiln.code.mutation.diff import Change, changes, with_change
from codekiln.code.mutation.lexing import rows
from codekiln.code.mutation.proof import Trials, classify_many
from codekiln.evaluation.measures import Measure
from codekiln.recipes.debugging.explanation_match import is_known, speaks_of
from codekiln.recipes.debugging.material import CLASSES, Counts
from codekiln.recipes.debugging.proof import proof_of
from codekiln.recipes.debugging.tags import Reply, read_reply
from codekiln.sandbox.limits import Limits

SPARE = 6
"""A reply with so many changes more than errors asked for has rewritten the program; they are not run one by one."""


LINES = 3
"""A change of more lines is no single error, whatever it does, unless it is one that the engine makes too: a reply that
breaks off in the middle has lost the rest of the program in one change."""


def _share(name: str, describe: str) -> Measure:
    return Measure(name=name, direction="higher", describe=describe, share=True)


MEASURES = (
    _share("format_valid", "Share of replies in the demanded form, with one explanation 'Line N: ...' per location."),
    *(
        _share(f"{name}_exact", f"Share of replies with exactly as many proven {name} errors as were asked for.")
        for name in CLASSES
    ),
    _share("counts_exact", "Share of replies whose changes are exactly the errors asked for, in all three classes."),
    _share("lines_right", "Share of replies that name the line of every change, and no other line."),
    _share("construct_named", "Share of changes whose explanation names what was changed."),
    _share("recoverable", "Share of replies that give the correct program back when the named lines are undone."),
)
FORMAT, *_REST = (measure.name for measure in MEASURES)


@dataclass(frozen=True)
class Task:
    """A request, with what its correct program is tried on."""

    program: str
    counts: Counts
    trials: Trials


@dataclass(frozen=True)
class Judgement:
    """What is to be said of one reply.

    Attributes:
        values: The measures, each from 0 to 1.
        faults: What is wrong, as (kebab-case reason, words); empty for a right reply.
        found: Line and proven class of every change that was tried.
    """

    values: dict[str, float]
    faults: tuple[tuple[str, str], ...]
    found: tuple[tuple[int, str | None], ...] = ()

    @property
    def passed(self) -> bool:
        """True when every measure is full."""
        return not self.faults


@dataclass
class _Read:
    task: Task
    reply: Reply
    changes: list[Change]
    classes: dict[Change, str | None] = field(default_factory=dict)

    @property
    def is_rewritten(self) -> bool:
        return len(self.changes) > self.task.counts.total + SPARE

    def is_small(self, change: Change) -> bool:
        size = max(change.old.count("\n"), change.new.count("\n"))
        return size < LINES or is_known(self.task.program, change)

    @property
    def remarks(self) -> list[tuple[int, str]]:
        """Line and text of comments that were added; code that was only commented out is none."""
        comments = [
            (row.number, lexeme.text)
            for row in rows(self.reply.program or "")
            for lexeme in row.lexemes
            if lexeme.text.startswith("#")
        ]
        return [(line, text) for line, text in comments if text.strip("# \t") not in self.task.program]

    @property
    def lines(self) -> Counter[int]:
        return Counter(change.line for change in self.changes)


def judge(
    jobs: Sequence[tuple[Task, str]], *, workers: int | None = None, limits: Limits | None = None, label: str = ""
) -> list[Judgement]:
    """Return the judgement on each reply, in order."""
    read = [_read(task, text) for task, text in jobs]
    runs = [
        (item, change) for item in read if not item.is_rewritten for change in item.changes if item.is_small(change)
    ]
    programs = [
        proof_of(item.task.program, with_change(item.task.program, change), item.task.trials) for item, change in runs
    ]
    classes = classify_many(programs, workers=workers, limits=limits, label=label)
    for (item, change), found in zip(runs, classes, strict=True):
        item.classes[change] = found
    return [_judgement(item) for item in read]


def _read(task: Task, text: str) -> _Read:
    reply = read_reply(text)
    return _Read(task, reply, [] if reply.program is None else changes(task.program, reply.program))


def _judgement(item: _Read) -> Judgement:
    faults = [("malformed", fault) for fault in item.reply.faults]
    values = {FORMAT: float(not faults)} | dict.fromkeys(_REST, 0.0)
    if item.reply.program is None:
        return Judgement(values, tuple(faults))
    faults += _count(item, values)
    faults += _locate(item, values)
    faults += _explain(item, values)
    return Judgement(values, tuple(faults), tuple((change.line, found) for change, found in item.classes.items()))


def _count(item: _Read, values: dict[str, float]) -> list[tuple[str, str]]:
    """Compare the errors that are there with those that were asked for."""
    if item.is_rewritten:
        return [("rewritten", f"{len(item.changes)} changes for {item.task.counts.total} errors")]
    faults, found = [], Counter(item.classes.values())
    for name in CLASSES:
        wanted = item.task.counts.of(name)
        values[f"{name}_exact"] = float(found[name] == wanted)
        if found[name] != wanted:
            faults.append((f"{name}-count", f"{wanted} {name} errors were asked for, {found[name]} are there"))
    for change in item.changes:
        if change not in item.classes:
            faults.append(("large-change", f"line {change.line}: a change of many lines is no single error"))
        elif item.classes[change] is None:
            faults.append(("no-effect", f"line {change.line}: the change does nothing on any trial"))
    faults += [("added-comment", f"line {line}: {text[:40]!r} was added") for line, text in item.remarks]
    values["counts_exact"] = float(not faults)
    return faults


def _locate(item: _Read, values: dict[str, float]) -> list[tuple[str, str]]:
    """Compare the lines that are named with those that were changed."""
    named, changed = Counter(item.reply.lines), item.lines
    faults = [("nothing-changed", "the program is the correct one")] if not changed else []
    faults += [
        ("wrong-line", f"line {line} is named, but nothing was changed there") for line in sorted(named - changed)
    ]
    hidden = sorted(changed - named)
    faults += [("hidden-change", f"line {line} was changed, but is not named") for line in hidden]
    values["lines_right"] = float(bool(changed) and named == changed)
    values["recoverable"] = float(bool(changed) and changed.keys() <= named.keys())
    return faults


def _explain(item: _Read, values: dict[str, float]) -> list[tuple[str, str]]:
    """See whether each change has an explanation that names it; one explanation answers for one change."""
    if item.is_rewritten or not item.changes:
        return []
    left, faults, named = list(item.reply.answers), [], 0
    for change in item.changes:
        here = [answer for answer in left if answer.line == change.line]
        good = next((answer for answer in here if speaks_of(answer.explanation, item.task.program, change)), None)
        if good is not None:
            left.remove(good)
            named += 1
        else:
            was, now = change.old.strip() or "nothing", change.new.strip() or "nothing"
            text = f"line {change.line}: no explanation names the change of {was!r} to {now!r}"
            faults.append(("construct-not-named", text))
    values["construct_named"] = named / len(item.changes)
    return faults
