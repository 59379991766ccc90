"""Runs that stand before promote, written without training: settings, problems, an adapter, and its evaluation."""

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codekiln.code import metrics
from codekiln.data.folders import write_dataset
from codekiln.data.records import Graded, Problem, Sample, Score, Verdict
from codekiln.evaluation import Evaluation, evaluate
from codekiln.settings.resolve import resolve
from codekiln.stages.base import StageManifest, Summary
from codekiln.stages.evaluate import EVALUATION
from codekiln.stages.run_folder import EVALUATION as PROBLEMS
from codekiln.stages.run_folder import Tracking, open_registry, write_settings, write_tracking
from codekiln.stages.runner import run_stage

STEP = "sft"
# With forty problems the interval of pass@1 is wide even where nothing differs.
SETTINGS = ("evaluation.k=[1]", "evaluate.n=2", "evaluation.tolerance=0.5")
GAIN = 4.0


@dataclass(frozen=True)
class JudgedRun:
    """A run's working directory, whose promote stage can be run."""

    workdir: Path

    def promote(self) -> dict[str, Any]:
        """Run promote and return its results."""
        folders = {"evaluation": self.workdir / "evaluate", "adapter": self.workdir / STEP}
        run_stage("promote", self.workdir / "check", folders, self.workdir / "promote")
        return json.loads((self.workdir / "promote" / "results.json").read_bytes())


def judged_run(
    workdir: Path,
    uri: str,
    weights: bytes,
    gain: float = GAIN,
    problems: int = 40,
    settings: tuple[str, ...] = (),
    benchmark: float | None = None,
) -> JudgedRun:
    """Write a run whose adapter gains ``gain`` on the target over the base, with the same pass@1.

    With ``benchmark`` there is a further benchmark ``plus``, of whose problems the adapter solves that share, and the
    base all.
    """
    check = workdir / "check"
    resolved = resolve("laptop", {}, [f"tracking_uri={uri}", *SETTINGS, *settings])
    check.mkdir(parents=True)
    write_settings(check, resolved)
    registry = open_registry(resolved, check)
    parent = registry.start_parent("instruct", {})
    write_tracking(check, Tracking(uri, resolved.experiment, parent))
    rows = [
        Problem(task_id=f"list/{task}", prompt=f"Write f{task}.", tests=("assert f(1)",)) for task in range(problems)
    ]
    further = [
        Problem(task_id=f"plus/{task}", prompt=f"Write g{task}.", tests=("assert g(1)",), benchmark="plus")
        for task in range(problems if benchmark is not None else 0)
    ]
    write_dataset(check / PROBLEMS, [*rows, *further], Problem)
    folder = workdir / STEP
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_bytes(weights)
    (folder / "adapter_config.json").write_text("{}")
    with registry.stage(parent, STEP) as run:
        model_id = run.adapter(folder, STEP, "tiny")
    _manifest(folder, STEP, {"model_id": model_id})
    benchmarks = {} if benchmark is None else {"plus": _benchmark(further, benchmark)}
    _evaluation(workdir / "evaluate", rows, gain, weights, benchmarks)
    return JudgedRun(workdir)


def _benchmark(problems: list[Problem], solved: float) -> Evaluation:
    values, most = dict.fromkeys(metrics.names(), 50.0), solved * len(problems)
    graded = {
        "base": [_sample(row.task_id, values) for row in problems],
        STEP: [_sample(row.task_id, values, passed=place < most) for place, row in enumerate(problems)],
    }
    return evaluate(graded, metrics.names(), of_passing=metrics.names(), resamples=200)


def _evaluation(
    folder: Path, problems: list[Problem], gain: float, weights: bytes, benchmarks: dict[str, Evaluation]
) -> None:
    source = random.Random(weights)
    names = metrics.names()
    graded: dict[str, list[Graded]] = {"base": [], STEP: []}
    for problem in problems:
        level = source.gauss(60, 5)
        for contender, shift in (("base", 0.0), (STEP, gain)):
            for _ in range(2):
                values = dict.fromkeys(names, level + shift + source.gauss(0, 1))
                graded[contender].append(_sample(problem.task_id, values))
    result = evaluate(graded, names, resamples=200).model_copy(update={"benchmarks": benchmarks})
    folder.mkdir()
    (folder / EVALUATION).write_text(result.model_dump_json())
    for contender, rows in graded.items():
        write_dataset(folder / "graded" / contender, rows, Graded)
    _manifest(folder, "evaluate", {})


def _sample(task: str, values: dict[str, float], passed: bool = True) -> Graded:
    return Graded(
        sample=Sample(task_id=task, solution="def f(x):\n    return x\n"),
        verdict=Verdict(
            task_id=task, status="passed" if passed else "failed", tests_total=1, tests_run=1, tests_passed=int(passed)
        ),
        scores=tuple(Score(metric=name, value=value) for name, value in values.items()),
    )


def _manifest(folder: Path, step: str, tracking: dict[str, str]) -> None:
    StageManifest(
        stage=step, step=step, identity="", inputs={}, settings={}, code_version="", files={}, digest=folder.name,
        summary=Summary(), seconds=0, tracking=tracking,
    ).write(folder)  # fmt: skip
