"""What the metrics of a stage are: of its manifest, of the evaluation, and of the gate's decision."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from codekiln import __version__
from codekiln.stages.base import StageManifest, Summary
from codekiln.stages.monitoring.families import Measurement
from codekiln.stages.presentation import KINDS, PAIRS

RESULTS, EVALUATION = "results.json", "evaluation.json"
OWN = "main"
"""The label ``benchmark`` of the run's own evaluation problems."""
OTHER = "other"
_TOKENS = "tokens"
_SETS = ("train", "evaluation")
# Of reasons for a rejection there are a few dozen; those of a plug-in might have no end.
_REASONS = 30


def started(now: float) -> list[Measurement]:
    """Return what is known when a stage begins."""
    return [Measurement("codekiln_stage_last_start_timestamp_seconds", now)]


def failed(now: float) -> list[Measurement]:
    """Return the metrics of an attempt that has failed; the last success stays what it was."""
    return [
        Measurement("codekiln_stage_last_failure_timestamp_seconds", now),
        Measurement("codekiln_stage_succeeded", 0),
    ]


def succeeded(now: float, manifest: StageManifest, folder: Path, settings: Mapping[str, Any]) -> list[Measurement]:
    """Return the metrics of a stage that has ended well.

    Args:
        now: Time in seconds since 1970.
        manifest: What it has recorded.
        folder: Its output.
        settings: Settings of the run.
    """
    ran_with = (str(settings.get("recipe", "")), str(settings.get("base_model", "")), __version__)
    found = [
        Measurement("codekiln_stage_last_success_timestamp_seconds", now),
        Measurement("codekiln_stage_succeeded", 1),
        Measurement("codekiln_stage_duration_seconds", manifest.seconds),
        Measurement("codekiln_stage_info", 1, ran_with),
        *_counts(manifest.summary),
        *_rejections(manifest.summary.rejected),
    ]
    if (evaluation := folder / EVALUATION).exists():
        found += _evaluation(json.loads(evaluation.read_bytes()))
    if manifest.stage == "promote" and (results := folder / RESULTS).exists():
        found += _gate(json.loads(results.read_bytes())["gate"])
    return [each for each in found if math.isfinite(each.value)]


def _counts(summary: Summary) -> Iterator[Measurement]:
    for key, value in summary.figures.items():
        if key.endswith(_TOKENS):
            yield Measurement("codekiln_stage_tokens", value, (key.removesuffix(_TOKENS).rstrip("_") or "all",))
        elif key in KINDS or key in _SETS or key.startswith(PAIRS):
            yield Measurement("codekiln_stage_rows", value, (key,))


def _rejections(rejected: Mapping[str, int]) -> Iterator[Measurement]:
    ordered = sorted(rejected.items(), key=lambda item: (-item[1], item[0]))
    for reason, count in ordered[:_REASONS]:
        yield Measurement("codekiln_stage_rejected_rows", count, (reason,))
    if rest := sum(count for _, count in ordered[_REASONS:]):
        yield Measurement("codekiln_stage_rejected_rows", rest, (OTHER,))


def _evaluation(found: Mapping[str, Any], benchmark: str = OWN) -> Iterator[Measurement]:
    yield Measurement("codekiln_evaluation_problems", found["problems"], (benchmark,))
    for contender, measures in found["contenders"].items():
        for measure, interval in measures.items():
            values = (interval["mean"], interval["low"], interval["high"])
            yield from _interval("codekiln_evaluation_mean", values, (contender, measure, benchmark))
    for name, further in found.get("benchmarks", {}).items():
        yield from _evaluation(further, name)


def _gate(gate: Mapping[str, Any]) -> Iterator[Measurement]:
    yield Measurement("codekiln_gate_promoted", gate["promoted"])
    if gate["number"] is not None:
        yield Measurement("codekiln_gate_candidate_number", gate["number"])
    for check in gate["checks"]:
        labels = (check["measure"], check["against"], check["benchmark"] or OWN, check["role"])
        yield Measurement("codekiln_gate_check_holds", check["ok"], labels)
        values = (check["difference"], check["low"], check["high"])
        yield from _interval("codekiln_gate_difference", values, labels)


def _interval(name: str, values: Iterable[float | None], labels: tuple[str, ...]) -> Iterator[Measurement]:
    for suffix, value in zip(("", "_low", "_high"), values, strict=True):
        if value is not None:
            yield Measurement(name + suffix, value, labels)
