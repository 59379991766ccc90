"""Validation of the preference files in a published folder: every score is measured again."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from codekiln.code import metrics
from codekiln.data.replies import extract_code
from codekiln.data.text import byte_lines
from codekiln.errors import InputError
from codekiln.recipes.maintainability.export import FIELDS, GLOBAL, LOCAL
from codekiln.recipes.maintainability.rows import VETOED
from codekiln.recipes.maintainability.settings import MaintainabilitySettings

FIX = "make the data set again"


def validate(folder: Path, settings: MaintainabilitySettings, metric: str, sign: float) -> Iterator[InputError]:
    """Yield every pair whose stated fields, scores, order or margin are wrong.

    Args:
        folder: A data set folder; one without pairs has nothing to validate.
        settings: The settings that the pairs were made with.
        metric: The metric that ordered the pairs.
        sign: 1 when more of it is better, -1 when less is.
    """
    for path in sorted([*folder.glob(GLOBAL), *folder.glob(LOCAL.format(base="*"))]):
        for number, line in enumerate(byte_lines(path.read_bytes()), start=1):
            try:
                fault = _fault(json.loads(line), settings, metric, sign)
            except (ValueError, LookupError, TypeError) as error:
                fault = f"is no pair: {type(error).__name__}: {error}"
            if fault:
                yield InputError(fault, where=f"{path}:{number}", fix=FIX)


def _fault(row: dict[str, Any], settings: MaintainabilitySettings, metric: str, sign: float) -> str | None:
    known = (metric, *settings.tie_break) if row.get("stratum") == "quality" else (metric,)
    if tuple(row) != FIELDS or row["metric"] not in known:
        fields, wanted = ", ".join(row), " or ".join(known)
        return f"has the fields {fields} and the metric {row.get('metric')}, not {', '.join(FIELDS)} and {wanted}"
    if not all(_is_messages(row[side]) for side in ("prompt", "chosen", "rejected")):
        return "prompt, chosen and rejected are not all lists of messages"
    chosen, rejected = (extract_code(row[side][-1]["content"]) for side in ("chosen", "rejected"))
    if chosen == rejected:
        return "chosen and rejected are equal"
    by = row["metric"]
    measured = [metrics.get(by).score(code).value for code in (chosen, rejected)]
    stated = [row["chosen_score"], row["rejected_score"]]
    if row["stratum"] == "correctness":
        measured[1] = stated[1]  # a program that fails is not scored
    if any(not _is_close(one, other) for one, other in zip(measured, stated, strict=True)):
        return f"the scores are {stated}, and measured they are {measured}"
    if row["stratum"] != "quality":
        return None
    if by == metric:
        return _margin_fault(measured, sign, settings.margin, allow_ties=settings.ties == "first")
    first = [metrics.get(metric).score(code) for code in (chosen, rejected)]
    if any((score.reason or "").startswith(VETOED) for score in first):
        return f"{metric} vetoes a program that {by} orders"
    if None not in (values := [score.value for score in first]) and values[0] != values[1]:
        return f"is ordered by {by}, and {metric} orders it"
    sign = 1.0 if metrics.get(by).direction == "higher" else -1.0
    return _margin_fault(measured, sign, settings.tie_break_margin, allow_ties=False)


def _margin_fault(measured: Sequence[float | None], sign: float, margin: float, allow_ties: bool) -> str | None:
    chosen, rejected = measured
    if chosen is None or rejected is None:
        return "a quality pair has no scores"
    gap = sign * (chosen - rejected)
    if gap < margin or (gap <= 0 and not allow_ties):
        return f"the chosen program is better by {gap:.2f}, which is less than the margin of {margin:g}"
    return None


def _is_messages(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(set(turn) == {"role", "content"} for turn in value)


def _is_close(one: float | None, other: float | None) -> bool:
    return one == other if one is None or other is None else abs(one - other) < 1e-6
