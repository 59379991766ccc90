"""How far the labels of given pairs agree with tests and metrics, pair by pair and as a table."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from codekiln.code import metrics
from codekiln.code.labels import OUTCOMES, agreement_lines, outcome
from codekiln.data.decontamination import program_key
from codekiln.data.records import Graded
from codekiln.recipes.maintainability.given_pairs import SIDES, places_of

FILE = "given_pairs.csv"
KINDS = ("equal", "same-program", "filtered", "fails", "compared")
"""What a given pair is: two equal programs, two that are equal up to names and comments, one that a filter has left
out, one that fails its tests, or two that both pass and differ."""


@dataclass(frozen=True)
class JudgedPair:
    """A given pair after its programs have been run.

    Attributes:
        where: ``file:line`` or ``file[index]``.
        task_id: Its problem.
        kind: One of `KINDS`.
        statuses: The verdict on the chosen and on the rejected program; empty where a filter left it out.
        scores: The values of both by each metric that has a direction, where both passed.
    """

    where: str
    task_id: str
    kind: str
    statuses: tuple[str, str]
    scores: Mapping[str, tuple[float | None, float | None]]


def judge(graded: Iterable[Graded]) -> list[JudgedPair]:
    """Return every given pair that the samples come from, in the order of the files; none of a model's own samples."""
    sides: dict[tuple[str, str], dict[str, Graded]] = {}
    for row in graded:
        for where, side in places_of(row.sample):
            sides.setdefault((row.sample.task_id, where), {})[side] = row
    return [_judged(where, task_id, found) for (task_id, where), found in sorted(sides.items(), key=_place)]


def _place(item: tuple[tuple[str, str], object]) -> tuple[str, int]:
    name, _, number = item[0][1].rstrip("]").replace("[", ":").rpartition(":")
    return name, int(number)


def _judged(where: str, task_id: str, found: Mapping[str, Graded]) -> JudgedPair:
    statuses = tuple(found[side].verdict.status if side in found else "" for side in SIDES)
    kind, scores = "compared", {}
    if len(found) < len(SIDES):
        kind = "filtered"
    elif (programs := [found[side].sample.solution or "" for side in SIDES])[0] == programs[1]:
        kind = "equal"
    elif (key := program_key(programs[0])) is not None and key == program_key(programs[1]):
        kind = "same-program"
    elif not all(row.verdict.passed for row in found.values()):
        kind = "fails"
    else:
        scores = {name: (found["chosen"].score(name), found["rejected"].score(name)) for name in _directed()}
    return JudgedPair(where, task_id, kind, (statuses[0], statuses[1]), scores)


def _directed() -> list[str]:
    return [name for name in metrics.names() if metrics.get(name).direction != "none"]


def table(pairs: Sequence[JudgedPair]) -> dict[str, Counter[str]]:
    """Return the number of compared pairs by outcome (see `codekiln.code.labels.OUTCOMES`), for each metric."""
    return {
        name: Counter(outcome(metrics.get(name), *pair.scores[name]) for pair in pairs if pair.scores)
        for name in _directed()
    }


def beyond(pairs: Sequence[JudgedPair], metric: str, margin: float) -> tuple[int, int]:
    """Return of how many compared pairs the chosen program is better by the margin, and of how many the rejected."""
    sign = 1 if metrics.get(metric).direction == "higher" else -1
    values = [pair.scores[metric] for pair in pairs if pair.scores]
    gaps = [sign * (one - other) for one, other in values if one is not None and other is not None]
    return sum(gap >= margin and gap > 0 for gap in gaps), sum(-gap >= margin and gap < 0 for gap in gaps)


def lines(pairs: Sequence[JudgedPair], metric: str, margin: float) -> list[str]:
    """Return what is to be said of given pairs: their kinds, and how far their labels agree with each metric."""
    kinds = Counter(pair.kind for pair in pairs)
    shown = ", ".join(f"{kinds[kind]} {_MEANING[kind]}" for kind in KINDS if kinds[kind])
    better, worse = beyond(pairs, metric, margin)
    return [
        f"of {len(pairs):,} given pairs: {shown}",
        "in how many of the last is the chosen program the better one?",
        *agreement_lines(table(pairs)),
        f"by at least {margin:g} in {metric}: the chosen program in {better}, the rejected one in {worse}",
    ]


_MEANING = {
    "equal": "have two equal programs",
    "same-program": "have one program twice, up to names and comments",
    "filtered": "have a program that a filter left out",
    "fails": "have a program that fails its tests",
    "compared": "have two different programs that pass",
}


def text(pairs: Sequence[JudgedPair]) -> str:
    """Return a CSV with a row a pair: its place, problem, kind and verdicts, and by each metric both values."""
    names = _directed()
    columns = ["where", "task_id", "kind", *SIDES, *(f"{name}_{side}" for name in names for side in SIDES)]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*columns, *(f"label_by_{name}" for name in names)])
    for pair in pairs:
        scores = [value for name in names for value in pair.scores.get(name, (None, None))]
        labels = [outcome(metrics.get(name), *pair.scores[name]) if pair.scores else "" for name in names]
        writer.writerow([pair.where, pair.task_id, pair.kind, *pair.statuses, *scores, *labels])
    return file.getvalue()


def card(pairs: Sequence[JudgedPair], metric: str, margin: float) -> list[str]:
    """Return the paragraphs of the data card about given pairs; none where nothing was given."""
    if not pairs:
        return []
    head, *_ = lines(pairs, metric, margin)
    better, worse = beyond(pairs, metric, margin)
    rows = [("metric", *OUTCOMES), ("---",) * (len(OUTCOMES) + 1)]
    rows += [(name, *(str(counts[key]) for key in OUTCOMES)) for name, counts in table(pairs).items()]
    return [
        "## The pairs that were given",
        f"{head[0].upper()}{head[1:]}. Their labels are not used: the programs were run and measured, and paired anew. "
        f"Of the pairs that differ by at least {margin:g} in `{metric}`, the given label agrees in {better} of "
        f"{better + worse}. What the chosen program is, by each metric, is in `{FILE}` pair by pair:",
        "\n".join("| " + " | ".join(row) + " |" for row in rows),
    ]
