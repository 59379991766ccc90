"""Candidate programs: sampled from a generator, and collected so that an interrupted run repeats no request."""

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from codekiln.data import prompts
from codekiln.data.folders import write_dataset
from codekiln.data.records import Problem, Sample
from codekiln.data.replies import extract
from codekiln.data.text import byte_lines
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
) -> list[Sample]:
    """Write the samples of all problems into ``folder`` as a data set and return them.

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
    found = dict(_read(partial))
    missing = [problem for problem in problems if problem.task_id not in found]
    if found:
        print(f"{label}: {len(found)} of {len(problems)} problems were answered before the interruption", flush=True)
    shows = progress(label, len(missing), "problems") if shown else contextlib.nullcontext(lambda count: None)
    with shows as step, partial.open("a", encoding="utf-8") as file:
        for problem, samples in solve(missing) if missing else ():
            found[problem.task_id] = samples
            row = {"task_id": problem.task_id, "samples": [sample.model_dump(mode="json") for sample in samples]}
            file.write(json.dumps(row) + "\n")
            file.flush()
            step(1)
    samples = [sample for problem in problems for sample in found[problem.task_id]]
    write_dataset(folder, samples, Sample, settings=settings, code_version=code_version)
    partial.unlink()
    return samples


def _read(partial: Path) -> Iterator[tuple[str, list[Sample]]]:
    if not partial.exists():
        return
    # A crash may have cut off the last line.
    whole = partial.read_bytes().rpartition(b"\n")[0]
    partial.write_bytes(whole + b"\n" if whole else b"")
    for line in byte_lines(whole):
        row = json.loads(line)
        yield row["task_id"], [Sample.model_validate(sample) for sample in row["samples"]]
