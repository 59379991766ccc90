"""Programs that a named model writes for prompts or problems, and their verdicts where there are tests."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from codekiln.data import prompts
from codekiln.data.folders import DATA
from codekiln.data.journals import lock
from codekiln.data.readers import missing_packages, read_problems
from codekiln.data.records import Problem, Sample, Verdict
from codekiln.errors import InputError
from codekiln.inference import Sampling
from codekiln.inference.engine_settings import Engine
from codekiln.inference.engines import open_generator
from codekiln.inference.sampling.candidates import collect, sample_programs
from codekiln.registry.runs import adapter_digest
from codekiln.sandbox.grading import grade_samples
from codekiln.stages.base import code_version
from codekiln.stages.named_model import NamedModel

PROMPT = "prompt"


@dataclass(frozen=True)
class Written:
    """A program that a model wrote for a problem.

    Attributes:
        sample: The program.
        verdict: The sandbox's verdict; None: it was not graded.
    """

    sample: Sample
    verdict: Verdict | None = None

    @property
    def passed(self) -> bool:
        """Whether it was graded and passed all tests."""
        return self.verdict is not None and self.verdict.status == "passed"


def read_prompts(prompt: str, source: str, tests: Sequence[str], *, graded: bool) -> list[Problem]:
    """Return what the model is asked.

    Args:
        prompt: One task in words.
        source: Problems in any form that `read_problems` takes, instead.
        tests: Assert statements that grade the program for ``prompt``; the model does not see them.
        graded: Whether the programs are to be graded.

    Raises:
        InputError: Neither or both are given, or there are no tests to grade by.
    """
    if bool(prompt.strip()) == bool(source):
        what = "both a prompt and problems" if source else "nothing to ask"
        raise InputError(what, where="generate", fix='give a prompt, "-" for standard input, or --problems FILE')
    if tests and source:
        raise InputError(
            "goes with a prompt, not with --problems", where="--test", fix="leave it out: problems have their tests"
        )
    if source:
        problems = read_problems(source)
    else:
        problems = [Problem(task_id=PROMPT, prompt=prompt.strip(), tests=tuple(tests))]
    if graded:
        _require_tests(problems)
    return problems


def _require_tests(problems: Sequence[Problem]) -> None:
    for problem in problems:
        if not problem.tests:
            fix = 'give --test "assert ..."' if problem.task_id == PROMPT else "leave --grade out"
            raise InputError("has no tests to grade by", where=problem.task_id, fix=fix)
        if lacking := missing_packages(problem, ()):
            names = ", ".join(sorted(lacking))
            fix = "grade the samples with `codekiln grade --allow-imports`"
            raise InputError(f"its tests need {names}", where=problem.task_id, fix=fix)


def write_programs(
    model: NamedModel,
    problems: Sequence[Problem],
    sampling: Sampling,
    *,
    out: Path | None,
    graded: bool,
    engine: Engine = "transformers",
) -> list[Written]:
    """Let a model write ``sampling.n`` programs for each problem.

    Args:
        model: The model; it is loaded when the first program is missing.
        problems: What it is asked.
        sampling: How programs are drawn.
        out: Gets the samples as JSON Lines. A call that was interrupted is continued by one with the same arguments.
        graded: Run each program against its problem's tests, in the sandbox.
        engine: What samples.

    Raises:
        InputError: ``out`` exists already or is being written, or the model cannot be used.
    """
    if out and out.exists():
        raise InputError("exists already", where=str(out), fix="give another --output, or delete it")
    samples = _kept(model, problems, sampling, engine, out) if out else _sample(model, problems, sampling, engine)
    if not graded:
        return [Written(sample) for sample in samples]
    by_id = {problem.task_id: problem for problem in problems}
    verdicts = grade_samples([(by_id[sample.task_id], sample) for sample in samples])
    return [Written(sample, verdict) for sample, verdict in zip(samples, verdicts, strict=True)]


def _sample(model: NamedModel, problems: Sequence[Problem], sampling: Sampling, engine: Engine) -> list[Sample]:
    return [sample for _, samples in _solve(model, problems, sampling, engine) for sample in samples]


def _solve(
    model: NamedModel, problems: Sequence[Problem], sampling: Sampling, engine: Engine
) -> Iterator[tuple[Problem, list[Sample]]]:
    generator = open_generator(engine, model.base, model.adapter, model.revision)
    return sample_programs(generator, sampling, problems, model.name)


def _kept(
    model: NamedModel, problems: Sequence[Problem], sampling: Sampling, engine: Engine, out: Path
) -> list[Sample]:
    """Sample into a folder beside ``out``, named after everything that the samples depend on; then into ``out``."""
    out.parent.mkdir(parents=True, exist_ok=True)
    adapter = adapter_digest(model.adapter) if model.adapter else ""
    asked = [[problem.task_id, [turn.content for turn in prompts.messages(problem)]] for problem in problems]
    what = json.dumps([model.base, model.revision, adapter, sampling.model_dump(), engine, asked])
    folder = out.with_name(f".{out.name}.{hashlib.sha256(what.encode()).hexdigest()[:12]}")
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("a+b") as file:
        lock(file, out)
        data = collect(
            problems,
            lambda missing: _solve(model, missing, sampling, engine),
            folder,
            "generate",
            code_version(),
            shown=False,
        )
        samples = data.rows()
        os.replace(folder / DATA, out)
        shutil.rmtree(folder)
    return samples
