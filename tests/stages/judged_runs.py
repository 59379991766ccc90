"""Runs that stand before promote, written without training: settings, problems, an adapter, and its evaluation."""

import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codekiln import models
from codekiln.code import metrics
from codekiln.data.files import sha256_file
from codekiln.data.folders import write_dataset
from codekiln.data.records import Graded, Problem, Sample, Score, Verdict
from codekiln.evaluation import CHAMPION, Evaluation, evaluate
from codekiln.registry.runs import adapter_digest
from codekiln.settings.resolve import resolve
from codekiln.stages.base import StageManifest, Summary, files_digest, folder_digest
from codekiln.stages.evaluate import CONTENDERS, EVALUATION
from codekiln.stages.evaluate import evaluate as evaluate_stage
from codekiln.stages.run_folder import EVALUATION as PROBLEMS
from codekiln.stages.run_folder import Tracking, open_registry, read_tracking, write_settings, write_tracking
from codekiln.stages.runner import run_stage

STEP = "sft"
# With forty problems the interval of pass@1 is wide even where nothing differs.
SETTINGS = ("evaluation.k=[1]", "evaluate.n=2", "evaluation.tolerance=0.5")
GAIN = 4.0


@dataclass(frozen=True)
class JudgedRun:
    """A run's working directory, whose promote stage can be run."""

    workdir: Path

    @property
    def parent(self) -> str:
        """MLflow's id of the run."""
        return read_tracking(self.workdir / "check").parent_run_id

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
    problems: Iterable[int] = range(40),
    settings: tuple[str, ...] = (),
    champion: bytes | None = None,
    luck: bytes = b"",
    config: Mapping[str, Any] | None = None,
    benchmark: float | None = None,
) -> JudgedRun:
    """Write a run whose adapter gains ``gain`` on the target over the base, with the same pass@1.

    Args:
        workdir: Its working directory.
        uri: MLflow.
        weights: Of the adapter.
        gain: Of the adapter on every metric.
        problems: Numbers of the evaluation problems.
        settings: Overrides.
        champion: Weights of the champion that the evaluation compares with; it is as good as the base.
        luck: Seed of what is sampled.
        config: Of the adapter.
        benchmark: With it there is a further benchmark ``plus``, the problems 100 to 139, of which the adapter solves
            that share, and the base all.
    """
    check = workdir / "check"
    resolved = resolve("laptop", {}, [f"tracking_uri={uri}", *SETTINGS, *settings])
    check.mkdir(parents=True)
    write_settings(check, resolved)
    registry = open_registry(resolved, check)
    parent = registry.start_parent("instruct", {})
    write_tracking(check, Tracking(uri, resolved.experiment, parent))
    rows = [problem(number) for number in problems]
    numbers = range(100, 140) if benchmark is not None else ()
    further = [
        problem(number).model_copy(update={"task_id": f"plus/{number}", "benchmark": "plus"}) for number in numbers
    ]
    write_dataset(check / PROBLEMS, [*rows, *further], Problem)
    folder = workdir / STEP
    _adapter(folder, weights, config)
    with registry.stage(parent, STEP) as run:
        model_id = run.adapter(folder, STEP, models.get(resolved.base_model).id)
    _manifest(folder, STEP, tracking={"model_id": model_id})
    evaluation = workdir / "evaluate"
    benchmarks = {} if benchmark is None else {"plus": _benchmark(further, benchmark)}
    _evaluation(evaluation, rows, gain, weights + luck, champion, benchmarks)
    inputs = {name: folder_digest(path) for name, path in (("evaluation_problems", check / PROBLEMS), (STEP, folder))}
    _manifest(
        evaluation,
        "evaluate",
        inputs=inputs,
        settings={key: resolved.section(key) for key in evaluate_stage.settings_keys},
    )
    with registry.stage(parent, "evaluate"):
        return JudgedRun(workdir)


def problem(number: int) -> Problem:
    """Return a problem that shares nothing with others."""
    return Problem(task_id=f"list/{number}", prompt=f"Write f{number}.", tests=(f"assert f(1) == {number}",))


def _adapter(folder: Path, weights: bytes, config: Mapping[str, Any] | None = None) -> None:
    folder.mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_bytes(weights)
    (folder / "adapter_config.json").write_text(json.dumps(dict(config or {})))


def _benchmark(problems: list[Problem], solved: float) -> Evaluation:
    values, most = dict.fromkeys(metrics.names(), 50.0), solved * len(problems)
    graded = {
        "base": [_sample(row.task_id, values) for row in problems],
        STEP: [_sample(row.task_id, values, passed=place < most) for place, row in enumerate(problems)],
    }
    return evaluate(graded, metrics.names(), of_passing=metrics.names(), resamples=200)


def _evaluation(
    folder: Path,
    problems: list[Problem],
    gain: float,
    luck: bytes,
    champion: bytes | None,
    benchmarks: dict[str, Evaluation],
) -> None:
    source = random.Random(luck)
    names = metrics.names()
    shifts = {"base": 0.0, STEP: gain} | ({} if champion is None else {CHAMPION: 0.0})
    graded: dict[str, list[Graded]] = {name: [] for name in shifts}
    for one in problems:
        level = source.gauss(60, 5)
        for contender, shift in shifts.items():
            for _ in range(2):
                values = dict.fromkeys(names, level + shift + source.gauss(0, 1))
                graded[contender].append(_sample(one.task_id, values))
    result = evaluate(graded, names, resamples=200).model_copy(update={"benchmarks": benchmarks})
    folder.mkdir()
    digests = {STEP: adapter_digest(folder.parent / STEP)}
    if champion is not None:
        _adapter(folder / CHAMPION, champion)
        digests[CHAMPION] = adapter_digest(folder / CHAMPION)
    (folder / CONTENDERS).write_text(json.dumps(digests))
    (folder / EVALUATION).write_text(result.model_dump_json())
    for contender, rows in graded.items():
        write_dataset(folder / "graded" / contender, rows, Graded)


def _sample(task: str, values: dict[str, float], passed: bool = True) -> Graded:
    return Graded(
        sample=Sample(task_id=task, solution="def f(x):\n    return x\n"),
        verdict=Verdict(
            task_id=task, status="passed" if passed else "failed", tests_total=1, tests_run=1, tests_passed=int(passed)
        ),
        scores=tuple(Score(metric=name, value=value) for name, value in values.items()),
    )


def _manifest(folder: Path, step: str, **fields: Any) -> None:
    files = {str(path.relative_to(folder)): sha256_file(path) for path in folder.rglob("*") if path.is_file()}
    given = {"inputs": {}, "settings": {}, **fields}
    StageManifest(
        stage=step, step=step, identity="", code_version="", files=files, digest=files_digest(files), summary=Summary(),
        seconds=0, **given,
    ).write(folder)  # fmt: skip
