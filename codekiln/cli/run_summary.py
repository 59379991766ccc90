"""The summary of a run on this machine: its results, the gate's verdict, and the paths of its files."""

import json
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from codekiln.data.manifests import MANIFEST, DataManifest

if TYPE_CHECKING:
    from codekiln.evaluation import Evaluation


def summarise(workdir: Path) -> tuple[str, bool]:
    """Return the summary of a finished run, and whether the gate refused the adapter."""
    if _is_judged(workdir):
        return _evaluation_summary(workdir, json.loads((workdir / "results.json").read_bytes())["gate"])
    return _data_summary(workdir), False


def in_json(workdir: Path) -> str:
    """Return what a finished run found as JSON: the gate's verdict and all results, or the data sets it made."""
    results, report = workdir / "results.json", workdir / "report.html"
    found = json.loads(results.read_bytes()) if _is_judged(workdir) else None
    return json.dumps(
        {
            "workdir": str(workdir),
            "promoted": found and found["gate"]["promoted"],
            "results": found,
            "report": str(report) if found else None,
            "data": [] if found else [_dataset(folder) for folder in _data_folders(workdir)],
        },
        indent=2,
        ensure_ascii=False,
    )


def _is_judged(workdir: Path) -> bool:
    return (workdir / "promote" / MANIFEST).exists() and (workdir / "results.json").exists()


def _data_folders(workdir: Path) -> list[Path]:
    return [path.parent for path in sorted(workdir.glob(f"*/*/{MANIFEST}"))]


def _dataset(folder: Path) -> dict[str, Any]:
    from codekiln.recipes import published

    if folder.name == published.FOLDER:
        return {"folder": str(folder), "card": str(folder / published.CARD)}
    manifest = DataManifest.read(folder)
    return {
        "folder": str(folder),
        "record": manifest.record,
        "rows": manifest.rows,
        "rejected": dict(manifest.rejected),
    }


def _evaluation_summary(workdir: Path, gate: dict[str, Any]) -> tuple[str, bool]:
    from codekiln.evaluation import benchmark_table, table
    from codekiln.stages.evaluate import read_evaluation

    evaluation, uri = read_evaluation(workdir / "evaluate"), _tracking_uri(workdir)
    lines = [
        "",
        table(evaluation),
        "",
        *_by_stratum(workdir, evaluation),
        *([further, ""] if (further := benchmark_table(evaluation)) else []),
        gate["sentence"],
        *_recorded(gate["recorded"]),
        "",
        f"report   {workdir / 'report.html'}",
        f"results  {workdir / 'results.json'}",
        f"mlflow   {f'mlflow ui --backend-store-uri {quote(uri)}' if uri.startswith('sqlite:') else uri}",
        *([f"use      {_use(workdir, uri)}"] if gate["promoted"] else []),
    ]
    return "\n".join(lines), not gate["promoted"]


def _tracking_uri(workdir: Path) -> str:
    """Return where MLflow has the run, as short as somebody in this folder may give it."""
    from codekiln.registry.connection import without_password
    from codekiln.registry.sqlite_uri import sqlite_uri
    from codekiln.stages.run_folder import read_tracking

    uri, here = read_tracking(workdir / "check").uri, workdir / "mlflow.db"
    return sqlite_uri(here) if uri == sqlite_uri(here.absolute()) else without_password(uri)


def _use(workdir: Path, uri: str) -> str:
    """Return the command that asks the champion."""
    from codekiln.stages.run_folder import read_settings

    model = f"models:/{read_settings(workdir / 'check').registered_name}@champion"
    return f"codekiln generate PROMPT --model {model} --tracking-uri {quote(uri)}"


def _recorded(decision: dict[str, str] | None) -> list[str]:
    """Say of a decision that was not made by this run which one made it, and when."""
    if decision is None:
        return []
    return [f"decided on {decision['when']} in run {decision['run']}: the same adapter is judged once on a set"]


def _by_stratum(workdir: Path, evaluation: "Evaluation") -> list[str]:
    from codekiln import recipes
    from codekiln.evaluation import strata_table
    from codekiln.stages.run_folder import read_settings

    settings = read_settings(workdir / "check")
    shown = dict.fromkeys((settings.metric, recipes.get(settings.recipe).guard))
    text = strata_table(evaluation, [name for name in shown if name in evaluation.measures])
    return [text, ""] if text else []


def _data_summary(workdir: Path) -> str:
    lines = [""]
    for folder in _data_folders(workdir):
        made = _dataset(folder)
        if "card" in made:
            lines.append(f"card   {made['card']}")
        else:
            rejected = sum(made["rejected"].values())
            lines.append(f"{made['rows']:>6} {made['record']:<8} {folder}  ({rejected} rejected)")
    return "\n".join(lines)
