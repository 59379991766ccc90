"""Validation of the preference files in a published folder: every score is measured again."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from codekiln.code import metrics
from codekiln.data.replies import extract_code
from codekiln.data.text import byte_lines
from codekiln.errors import InputError
from codekiln.recipes.maintainability.export import FIELDS, GLOBAL, LOCAL
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
    if tuple(row) != FIELDS or row["metric"] != metric:
        return (
            f"has the fields {', '.join(row)} and the metric {row.get('metric')}, not {', '.join(FIELDS)} and {metric}"
        )
    if not all(_is_messages(row[side]) for side in ("prompt", "chosen", "rejected")):
        return "prompt, chosen and rejected are not all lists of messages"
    chosen, rejected = (extract_code(row[side][-1]["content"]) for side in ("chosen", "rejected"))
    if chosen == rejected:
        return "chosen and rejected are equal"
    measured = [metrics.get(metric).score(code).value for code in (chosen, rejected)]
    stated = [row["chosen_score"], row["rejected_score"]]
    if row["stratum"] == "correctness":
        measured[1] = stated[1]  # a program that fails is not scored
    if any(not _is_close(one, other) for one, other in zip(measured, stated, strict=True)):
        return f"the scores are {stated}, and measured they are {measured}"
    return _margin_fault(measured[0], measured[1], settings, sign) if row["stratum"] == "quality" else None


def _margin_fault(
    chosen: float | None, rejected: float | None, settings: MaintainabilitySettings, sign: float
) -> str | None:
    if chosen is None or rejected is None:
        return "a quality pair has no scores"
    gap = sign * (chosen - rejected)
    if gap < settings.margin or (gap <= 0 and settings.ties == "drop"):
        return f"the chosen program is better by {gap:.2f}, which is less than the margin of {settings.margin:g}"
    return None


def _is_messages(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(set(turn) == {"role", "content"} for turn in value)


def _is_close(one: float | None, other: float | None) -> bool:
    return one == other if one is None or other is None else abs(one - other) < 1e-6
