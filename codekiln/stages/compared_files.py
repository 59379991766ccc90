"""What a comparison of samples rests on: the problems and the files of samples with their digests, and versions."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from codekiln.data.files import sha256_file
from codekiln.data.records import Problem
from codekiln.evaluation.report import data as report
from codekiln.stages.base import code_version, files_digest
from codekiln.stages.contenders import Contenders
from codekiln.stages.provenance import versions

PACKAGES = ("radon", "complexipy", "ruff")


def sample_digests(contenders: Contenders) -> dict[str, dict[str, str]]:
    """Return the sha256 of each contender's files of samples, by path; a folder's is of its files' by path."""
    found: dict[str, dict[str, str]] = {name: {} for name in contenders.files}
    for name, _, path in contenders.runs():
        found[name][str(path)] = sha256_file(path) if path.is_file() else _folder_digest(path)
    return found


def problems_digest(problems: Sequence[Problem]) -> str:
    """Return the sha256 of problems as JSON Lines: that of the data file that a run would write of them."""
    digest = hashlib.sha256()
    for row in problems:
        digest.update(row.model_dump_json().encode() + b"\n")
    return digest.hexdigest()


def provenance(digests: Mapping[str, Any], settings: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return what the decision of a comparison rests on, in the form of a run's `provenance.provenance`.

    ``base_model`` and ``recipe`` are null, because nobody says which models wrote the samples.

    Args:
        digests: Those of the problems and of the files of samples, and of those of further benchmarks.
        settings: How samples were graded and judged.
        seed: Of the evaluation.
    """
    return {
        "base_model": None,
        "recipe": None,
        "seed": seed,
        "settings": dict(settings),
        "versions": {"codekiln": code_version(), **versions(PACKAGES)},
        "digests": dict(digests),
    }


def compared_files(
    source: str,
    problems: Sequence[Problem],
    digests: Mapping[str, Any],
    rows: Mapping[str, Sequence[int]],
    benchmark: str = "",
) -> tuple[report.FileInfo, ...]:
    """Return the problems and the files of samples as the report lists them.

    Args:
        source: Path or Hub id of the problems.
        problems: All of them.
        digests: Those of the problems and of the samples.
        rows: Number of graded samples of each file, by contender.
        benchmark: The further benchmark that they are of; empty: the main problems.
    """
    of = f"{benchmark}: " if benchmark else ""
    samples = (
        report.FileInfo(what=f"{of}samples of {name}", path=path, rows=count, digest=digest)
        for name, files in digests["samples"].items()
        for (path, digest), count in zip(files.items(), rows[name], strict=True)
    )
    return (
        report.FileInfo(what=f"{of}problems", path=source, rows=len(problems), digest=digests["problems"]),
        *samples,
    )


def _folder_digest(folder: Path) -> str:
    files = (path for path in folder.rglob("*") if path.is_file())
    return files_digest({str(path.relative_to(folder)): sha256_file(path) for path in files})
