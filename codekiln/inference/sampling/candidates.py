"""Candidate programs: sampled from a generator, and collected so that an interrupted run repeats no request."""

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from codekiln.data import prompts
from codekiln.data.folders import Dataset, write_dataset
from codekiln.data.records import Problem, Sample
from codekiln.data.replies import extract
from codekiln.inference import Generator, Sampling
from codekiln.progress import progress

PARTIAL = "partial.jsonl"
Solve = Callable[[Sequence[Problem]], Iterable[tuple[Problem, list[Sample]]]]


def sample_programs(
    generator: Generator, sampling: Sampling, problems: Iterable[Problem], model: str
) -> Iterator[tuple[Problem, list[Sample]]]:
    """Prompt a generator with each problem and yield the problem with the programs in its replies.

    Args:
        generator: The model that replies.
        sampling: How many replies, and how they are drawn.
        problems: The prompts are `codekiln.data.prompts.messages` of each.
        model: Value of the samples' field ``model``.
    """
    problems = list(problems)
    replies = generator.generate([prompts.messages(problem) for problem in problems], sampling)
    for problem, texts in zip(problems, replies, strict=True):
        yield (
            problem,
            [_sample(problem, text, model, sampling.seed + index) for index, text in enumerate(texts)],
        )


def _sample(problem: Problem, text: str, model: str, seed: int) -> Sample:
    found = extract(text, problem.entry_point, problem.has_scripts) if problem.reply == "code" else None
    solution, rule = (found.code, found.rule) if found else (text, None)
    return Sample(task_id=problem.task_id, solution=solution, model=model, seed=seed, extraction=rule)


def collect(
    problems: Sequence[Problem],
    solve: Solve,
    folder: Path,
    label: str,
    code_version: str,
    *,
    shown: bool = True,
    settings: dict[str, Any] | None = None,
) -> Dataset[Sample]:
    """Write the samples of all problems into ``folder`` as a data set and return it; none are kept in memory.

    Args:
        problems: The problems to solve.
        solve: Yields each problem it is given with its samples, in order.
        folder: Output folder of data.jsonl and the manifest; while unfinished it holds partial.jsonl.
        label: Name of the step in progress lines.
        code_version: Value for the manifest.
        shown: False when ``solve`` prints progress itself.
        settings: For the manifest: what the samples depend on beside the problems.
    """
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / PARTIAL
    places = _places(partial)
    missing = [problem for problem in problems if problem.task_id not in places]
    if places:
        print(f"{label}: {len(places)} of {len(problems)} problems were answered before the interruption", flush=True)
    shows = progress(label, len(missing), "problems") if shown else contextlib.nullcontext(lambda count: None)
    with shows as step, partial.open("ab") as file:
        for problem, samples in solve(missing) if missing else ():
            places[problem.task_id] = file.tell()
            row = {"task_id": problem.task_id, "samples": [sample.model_dump(mode="json") for sample in samples]}
            file.write(f"{json.dumps(row)}\n".encode())
            file.flush()
            step(1)
    rows = _samples(partial, [places[problem.task_id] for problem in problems])
    write_dataset(folder, rows, Sample, settings=settings, code_version=code_version)
    partial.unlink()
    return Dataset(folder, Sample)


def _places(partial: Path) -> dict[str, int]:
    """Return where the line of each problem starts; a last line that a crash has cut off is removed."""
    places: dict[str, int] = {}
    if partial.exists():
        with partial.open("r+b") as file:
            start = 0
            for line in file:
                if not line.endswith(b"\n"):
                    break
                places[from_json(line)["task_id"]] = start
                start += len(line)
            file.truncate(start)
    return places


def _samples(partial: Path, places: Iterable[int]) -> Iterator[Sample]:
    with partial.open("rb") as file:
        for place in places:
            file.seek(place)
            yield from map(Sample.model_validate, from_json(file.readline())["samples"])
