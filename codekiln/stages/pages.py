"""The Markdown page of a step, which Kubeflow's UI shows beside its log."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from codekiln import recipes
from codekiln.evaluation import Comparison, Evaluation, Interval, measures
from codekiln.evaluation.criteria import named
from codekiln.evaluation.report.formatting import MISSING, decimals, duration, number, span
from codekiln.evaluation.spending import confidence
from codekiln.stages.base import StageManifest
from codekiln.stages.evaluate import BASE, EVALUATION, read_evaluation

PASS = "pass@1"
ARROWS = {"higher": "\u2191", "lower": "\u2193", "none": ""}
RESULTS = "results.json"


def page(step: str, manifest: StageManifest, folder: Path) -> str:
    """Return the page of a finished step in Markdown with tables.

    Args:
        step: Name of this use of the stage in the run.
        manifest: What the stage has recorded.
        folder: Its output.
    """
    write = _PAGES.get(manifest.stage, _plain)
    made = f"{duration(manifest.seconds)}, code {manifest.code_version}, output {manifest.digest[:12]}"
    return "\n\n".join([f"## {step}", *write(manifest, folder), made]) + "\n"


def _plain(manifest: StageManifest, folder: Path) -> list[str]:
    summary = manifest.summary
    return [
        _table((title, ""), [(key, short(value)) for key, value in values.items()])
        for title, values in (
            ("figure", summary.figures),
            ("rejected because", summary.rejected),
            ("note", summary.notes),
        )
        if values
    ]


def _check(manifest: StageManifest, folder: Path) -> list[str]:
    """Return what the evaluation can show, in words, and then everything that was checked."""
    summary = manifest.summary
    sets = [key for key in summary.notes if key in summary.figures or key.startswith("benchmark ")]
    planned = [f"**{key}**: {_text(summary.notes[key])}" for key in sets]
    found = {key: value for key, value in summary.notes.items() if key not in sets}
    rest = manifest.model_copy(update={"summary": summary.model_copy(update={"notes": found})})
    return [*planned, *_plain(rest, folder)]


def _evaluate(manifest: StageManifest, folder: Path) -> list[str]:
    """Return contenders by measures, differences from the base, and pass@1 on further benchmarks, with intervals."""
    if not (folder / EVALUATION).exists():
        return _plain(manifest, folder)
    found = read_evaluation(folder)
    heads = _heads(found.measures, manifest.settings.get("recipe"))
    parts = [
        f"Means over {found.problems} problems, {found.samples} samples each, with 95 % intervals.",
        _by_measure(heads, found.contenders),
    ]
    if differences := _differences(found):
        parts += [
            f"### Differences from {BASE}",
            "Paired, problem by problem; bold where the interval excludes zero.",
            _by_measure(heads, differences, signed=True),
        ]
    if found.benchmarks:
        parts += [f"### Further benchmarks: {PASS}", _benchmarks(found.benchmarks, list(found.contenders))]
    return parts


def _differences(found: Evaluation) -> dict[str, dict[str, Interval]]:
    names = [name for name in found.contenders if any(_is(item, name) for item in found.comparisons)]
    return {name: {item.measure: item.interval for item in found.comparisons if _is(item, name)} for name in names}


def _is(item: Comparison, contender: str) -> bool:
    return (item.contender, item.against) == (contender, BASE)


def _heads(names: Sequence[str], recipe: str | None) -> dict[str, str]:
    """Return the measures by name with an arrow that says which way is better, where the recipe is known."""
    if recipe is None:
        return {name: name for name in names}
    return {name: f"{name} {ARROWS[measures.look_up(recipes.get(recipe), name).direction]}".strip() for name in names}


def _by_measure(heads: Mapping[str, str], columns: Mapping[str, Mapping[str, Interval]], signed: bool = False) -> str:
    rows = [(head, *_cells([values.get(name) for values in columns.values()], signed)) for name, head in heads.items()]
    return _table(("", *columns), rows)


def _benchmarks(benchmarks: Mapping[str, Evaluation], contenders: Sequence[str]) -> str:
    rows = []
    for name, found in benchmarks.items():
        levels = [found.contenders.get(contender, {}).get(PASS) for contender in contenders]
        rows.append((f"{name} ({found.problems} problems)", *_cells(levels)))
    return _table(("", *contenders), rows)


def _cells(intervals: Sequence[Interval | None], signed: bool = False) -> list[str]:
    digits = decimals(None if each is None else each.mean for each in intervals)
    return [_cell(each, digits, signed) for each in intervals]


def _cell(interval: Interval | None, digits: int, signed: bool) -> str:
    if interval is None or interval.mean is None:
        return MISSING
    mean = number(interval.mean, digits, signed)
    if interval.low is None or interval.high is None:
        return mean
    is_clear = signed and not interval.low <= 0 <= interval.high
    return f"{f'**{mean}**' if is_clear else mean} ({span(interval.low, interval.high, digits, signed)})"


def _promote(manifest: StageManifest, folder: Path) -> list[str]:
    """Return the gate's sentence and every check that led to it."""
    path = folder / RESULTS
    if not path.exists():
        return _plain(manifest, folder)
    gate = json.loads(path.read_bytes())["gate"]
    decision, colon, why = _text(gate["sentence"]).partition(":")
    parts = [f"**{decision.capitalize()}**{colon}{why}"]
    if recorded := gate["recorded"]:
        parts.append(f"Decided on {recorded['when']} in run {recorded['run']}; nothing was judged again.")
    head = ("check", "against", "difference", f"{confidence(gate['level'])} interval", "wanted", "result")
    notes = {key: value for key, value in manifest.summary.notes.items() if key != "gate"}
    return [*parts, _table(head, map(_verdict, gate["checks"])), _table(("", ""), notes.items())]


def _verdict(check: Mapping[str, Any]) -> tuple[str, ...]:
    digits = decimals(check[key] for key in ("difference", "low", "high"))
    wanted = "better" if check["tolerance"] is None else f"no worse than by {short(check['tolerance'])}"
    return (
        named(check["measure"], check["benchmark"]) + (f" ({check['role']})" if check["role"] != "critical" else ""),
        check["against"],
        number(check["difference"], digits, signed=True),
        span(check["low"], check["high"], digits, signed=True),
        wanted,
        "holds" if check["ok"] else f"**fails**: {check['failure']}",
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_text, line)) + " |" for line in lines)


def _text(text: str) -> str:
    """Return a text for a cell or a paragraph: one line, with nothing that Markdown takes for a column or a tag."""
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;")


def short(value: float | str) -> str:
    """Return a figure with four significant digits, a whole one without decimals, and a text as it is."""
    if isinstance(value, float):
        return str(int(value)) if value == int(value) else f"{value:.4g}"
    return str(value)


_PAGES: dict[str, Callable[[StageManifest, Path], list[str]]] = {
    "check": _check,
    "evaluate": _evaluate,
    "promote": _promote,
}
