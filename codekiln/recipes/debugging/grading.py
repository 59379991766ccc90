"""Grading of replies: the diff finds every change that a reply makes, and the proof classifies each alone."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from codekiln.code.mutation.diff import Change, changes
from codekiln.code.mutation.kinds import CLASSES, Class
from codekiln.code.mutation.lexing import rows
from codekiln.code.mutation.proof import classify_many
from codekiln.data.records import Graded, Problem, Sample, Score, Verdict
from codekiln.evaluation.measures import Measure
from codekiln.recipes.debugging.edit_replies import read_edits
from codekiln.recipes.debugging.explained_errors import ExplainedError, explained_errors
from codekiln.recipes.debugging.explanation_match import is_known_mutation
from codekiln.recipes.debugging.material import InjectionTask
from codekiln.recipes.debugging.program_check import classification_job
from codekiln.recipes.debugging.tags import ExerciseReply, read_reply
from codekiln.recipes.debugging.tasks import injection_task
from codekiln.sandbox.limits import Limits

EXTRA_CHANGES = 6
"""A reply with more changes than this beyond the errors asked for is a rewrite; its changes are not run one by one."""

MAX_LINES = 3
"""A change of more lines is no single error, whatever it does, unless it is one that the engine makes too: a reply that
breaks off in the middle has lost the rest of the program in one change."""

Fault = tuple[str, str]
"""A kebab-case reason and a text."""


def _share(name: str, describe: str) -> Measure:
    return Measure(name=name, direction="higher", describe=describe, share=True)


MEASURES = (
    _share("format_valid", "Share of replies in the demanded form, with an explanation of each error."),
    *(
        _share(f"{name}_exact", f"Share of replies with exactly as many proven {name} errors as were asked for.")
        for name in CLASSES
    ),
    _share("counts_exact", "Share of replies whose changes are exactly the errors asked for, in all three classes."),
    _share("lines_right", "Share of replies that name the line of every change, and no other line."),
    _share("construct_named", "Share of changes whose explanation names what was changed."),
    _share("recoverable", "Share of replies that give the correct program back when the named lines are undone."),
)
FORMAT, *_OTHERS = (measure.name for measure in MEASURES)


@dataclass(frozen=True)
class ReplyGrade:
    """The grade of one reply.

    Attributes:
        values: The measures, each from 0 to 1.
        faults: Everything that is wrong; empty for a correct reply.
        found: Line and proven class of every change that was run.
    """

    values: dict[str, float]
    faults: tuple[Fault, ...]
    found: tuple[tuple[int, Class | None], ...] = ()

    @property
    def passed(self) -> bool:
        """True when every measure is 1."""
        return not self.faults

    @property
    def detail(self) -> str:
        """The first fault as ``reason: text``; empty for a correct reply."""
        return ": ".join(self.faults[0]) if self.faults else ""


@dataclass
class _Reply:
    """A parsed reply with its errors, and their classes as far as they were run."""

    task: InjectionTask
    parsed: ExerciseReply
    changes: list[Change]
    errors: list[ExplainedError]
    classes: dict[ExplainedError, Class | None] = field(default_factory=dict)

    @property
    def is_rewritten(self) -> bool:
        return len(self.changes) > self.task.counts.total + EXTRA_CHANGES

    def is_small(self, error: ExplainedError) -> bool:
        return all(
            max(change.old.count("\n"), change.new.count("\n")) < MAX_LINES
            or is_known_mutation(self.task.program, change)
            for change in error.changes
        )

    @property
    def added_comments(self) -> list[tuple[int, str]]:
        """Line and text of comments that were added, without code that was only commented out."""
        comments = [
            (row.number, lexeme.text)
            for row in rows(self.parsed.program or "")
            for lexeme in row.lexemes
            if lexeme.text.startswith("#")
        ]
        return [(line, text) for line, text in comments if text.strip("# \t") not in self.task.program]

    @property
    def changed_lines(self) -> Counter[int]:
        return Counter(error.line for error in self.errors)


def grade(
    problems: Sequence[Problem], samples: Sequence[Sample], *, workers: int | None, limits: Limits, label: str
) -> list[Graded]:
    """Return the samples with their verdicts and measures, in order; see `Recipe.grade`."""
    tasks = {problem.task_id: injection_task(problem) for problem in problems}
    jobs = [(tasks[sample.task_id], sample.solution or sample.completion or "") for sample in samples]
    grades = grade_replies(jobs, workers=workers, limits=limits, label=label)
    return [_graded(sample, found) for sample, found in zip(samples, grades, strict=True)]


def grade_replies(
    jobs: Sequence[tuple[InjectionTask, str]],
    *,
    workers: int | None = None,
    limits: Limits | None = None,
    label: str = "",
) -> list[ReplyGrade]:
    """Return the grade of each reply, in order."""
    replies = [_parse(task, text) for task, text in jobs]
    runs = [
        (reply, error) for reply in replies if not reply.is_rewritten for error in reply.errors if reply.is_small(error)
    ]
    programs = [
        classification_job(reply.task.program, error.applied(reply.task.program), reply.task.trials)
        for reply, error in runs
    ]
    classes = classify_many(programs, workers=workers, limits=limits, label=label)
    for (reply, error), found in zip(runs, classes, strict=True):
        reply.classes[error] = found
    return [_grade(reply) for reply in replies]


def _graded(sample: Sample, found: ReplyGrade) -> Graded:
    full = sum(value == 1 for value in found.values.values())
    is_malformed = bool(found.faults) and found.faults[0][0] == "malformed"
    verdict = Verdict(
        task_id=sample.task_id,
        status="passed" if found.passed else "invalid" if is_malformed else "failed",
        tests_total=len(MEASURES),
        tests_run=len(MEASURES),
        tests_passed=full,
        detail=found.detail,
    )
    scores = tuple(Score(metric=name, value=value) for name, value in found.values.items())
    return Graded(sample=sample, verdict=verdict, scores=scores)


def parse_reply(task: InjectionTask, text: str) -> ExerciseReply:
    """Parse a reply in the form that was asked for."""
    return read_edits(text, task.program) if task.reply_form == "edits" else read_reply(text)


def _parse(task: InjectionTask, text: str) -> _Reply:
    parsed = parse_reply(task, text)
    found = [] if parsed.program is None else changes(task.program, parsed.program)
    # The explanations of a rewritten program are not looked at, however many there are.
    is_rewritten = len(found) > task.counts.total + EXTRA_CHANGES
    said = () if is_rewritten else parsed.explanations
    return _Reply(task, parsed, found, explained_errors(task.program, found, said))


def _grade(reply: _Reply) -> ReplyGrade:
    faults = [("malformed", fault) for fault in reply.parsed.faults]
    values = {FORMAT: float(not faults)} | dict.fromkeys(_OTHERS, 0.0)
    if reply.parsed.program is None:
        return ReplyGrade(values, tuple(faults))
    faults += _grade_counts(reply, values)
    faults += _grade_lines(reply, values)
    faults += _grade_explanations(reply, values)
    return ReplyGrade(values, tuple(faults), tuple((error.line, found) for error, found in reply.classes.items()))


def _grade_counts(reply: _Reply, values: dict[str, float]) -> list[Fault]:
    """Compare the errors in the program with those that were asked for."""
    if reply.is_rewritten:
        return [("rewritten", f"{len(reply.changes)} changes for {reply.task.counts.total} errors")]
    faults: list[Fault] = []
    found = Counter(reply.classes.values())
    for name in CLASSES:
        wanted = reply.task.counts.of(name)
        values[f"{name}_exact"] = float(found[name] == wanted)
        if found[name] != wanted:
            faults.append((f"{name}-count", f"{wanted} {name} errors were asked for, {found[name]} are there"))
    for error in reply.errors:
        if error not in reply.classes:
            faults.append(("large-change", f"line {error.line}: a change of many lines is no single error"))
        elif reply.classes[error] is None:
            faults.append(("no-effect", f"line {error.line}: the change does nothing on any trial"))
    faults += [("added-comment", f"line {line}: {text[:40]!r} was added") for line, text in reply.added_comments]
    values["counts_exact"] = float(not faults)
    return faults


def _grade_lines(reply: _Reply, values: dict[str, float]) -> list[Fault]:
    """Compare the lines that are named with those that were changed."""
    named, changed = Counter(reply.parsed.lines), reply.changed_lines
    faults = [("nothing-changed", "the program is the correct one")] if not changed else []
    faults += [
        ("wrong-line", f"line {line} is named, but nothing was changed there") for line in sorted(named - changed)
    ]
    hidden = sorted(changed - named)
    faults += [("hidden-change", f"line {line} was changed, but is not named") for line in hidden]
    values["lines_right"] = float(bool(changed) and named == changed)
    values["recoverable"] = float(bool(changed) and changed.keys() <= named.keys())
    return faults


def _grade_explanations(reply: _Reply, values: dict[str, float]) -> list[Fault]:
    """Find for each change an explanation that names it."""
    if reply.is_rewritten or not reply.changes:
        return []
    faults: list[Fault] = []
    for error in reply.errors:
        if error.explanation is None:
            change = error.changes[0]
            was, now = change.old.strip() or "nothing", change.new.strip() or "nothing"
            text = f"line {change.line}: no explanation names the change of {was!r} to {now!r}"
            faults.append(("construct-not-named", text))
    values["construct_named"] = 1 - len(faults) / len(reply.errors)
    return faults
