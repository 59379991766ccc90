"""evaluate: base, every adapter and the champion write programs for unseen problems, and are compared."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codekiln.data.files import write_atomic
from codekiln.data.folders import Dataset, write_dataset
from codekiln.data.records import Graded, Problem, Sample
from codekiln.errors import InputError
from codekiln.evaluation import measures
from codekiln.evaluation.summary import CHAMPION, Evaluation
from codekiln.evaluation.summary import evaluate as compare
from codekiln.recipes.base import Recipe
from codekiln.registry.runs import adapter_digest
from codekiln.stages.base import Stage, Summary, Work, code_version
from codekiln.stages.filter import grade
from codekiln.stages.generate import recipe_of
from codekiln.stages.jobs import sample
from codekiln.stages.run_folder import registry_of

BASE = "base"
ADAPTERS = ("sft", "dpo", "dpo_further", "dpo_further_2", "dpo_further_3", "candidate")
EVALUATION = "evaluation.json"


def _evaluate(work: Work) -> Summary:
    recipe = recipe_of(work.settings)
    problems = Dataset(work.inputs["evaluation_problems"], Problem).rows()
    contenders = {BASE: None, **_adapters(work), **_champion(work)}
    samples = {name: _sample(work, name, adapter) for name, adapter in contenders.items()}
    known = recipe.references(problems)
    graded = _grade(work, recipe, problems, known | samples)
    result = compare(
        {name: _repeated(rows, work.settings.evaluate.n) if name in known else rows for name, rows in graded.items()},
        list(measures.of(type(recipe))),
        work.settings.evaluation.k,
        groups={row.task_id: row.group for row in problems},
        strata={row.task_id: row.stratum for row in problems},
        distances=recipe.distances,
        reference=next(iter(known), ""),
        resamples=work.settings.evaluation.resamples,
        seed=work.settings.seed,
    )
    write_atomic(work.output / EVALUATION, result.model_dump_json(indent=1) + "\n")
    return _summary(result)


def _repeated(rows: Sequence[Graded], times: int) -> list[Graded]:
    """Repeat the one reply per problem that a reference has: contenders are compared on equally many."""
    return [row for row in rows for _ in range(times)]


def read_evaluation(folder: Path) -> Evaluation:
    """Return the evaluation that an output folder of this stage holds.

    Raises:
        InputError: There is none.
    """
    path = folder / EVALUATION
    if not path.exists():
        raise InputError(
            f"no evaluation: it has no {EVALUATION}", where=str(folder), fix="give an evaluate stage's folder"
        )
    return Evaluation.model_validate_json(path.read_bytes())


def read_graded(folder: Path, contender: str) -> list[Graded]:
    """Return a contender's graded samples."""
    return Dataset(folder / "graded" / contender, Graded).rows()


def _adapters(work: Work) -> dict[str, Path]:
    return {name: work.inputs[name] for name in ADAPTERS if name in work.inputs}


def _champion(work: Work) -> dict[str, Path]:
    """Fetch the champion, unless it is one of the adapters that are compared anyway."""
    champion = _other_champion(work)
    if champion is None:
        return {}
    print(f"{work.step}: the champion is version {champion.version} of {champion.name}", flush=True)
    return {CHAMPION: registry_of(work.run).download_adapter(champion.uri, work.output / CHAMPION)}


def _other_champion(work: Work):
    champion = registry_of(work.run).champion(work.settings.registered_name)
    ours = {adapter_digest(folder) for folder in _adapters(work).values()}
    return champion if champion is not None and champion.tags["adapter_digest"] not in ours else None


def _identity(work: Work) -> dict[str, str]:
    champion = _other_champion(work)
    return {"champion": champion.tags["adapter_digest"] if champion else ""}


def _sample(work: Work, name: str, adapter: Path | None) -> list[Sample]:
    print(f"{work.step}: {name}", flush=True)
    folder = work.output / "samples" / name
    return sample(work, work.inputs["evaluation_problems"], adapter, work.settings.evaluate, folder, name)


def _grade(
    work: Work, recipe: Recipe[Any], problems: Sequence[Problem], samples: dict[str, list[Sample]]
) -> dict[str, list[Graded]]:
    everything = [row.model_copy(update={"model": name}) for name, written in samples.items() for row in written]
    rows = iter(recipe.score(problems, grade(recipe, problems, everything, work.settings, work.step)))
    graded = {name: [next(rows) for _ in written] for name, written in samples.items()}
    for name, found in graded.items():
        write_dataset(work.output / "graded" / name, found, Graded, code_version=code_version())
    return graded


def _summary(result: Evaluation) -> Summary:
    figures = {"problems": result.problems, "samples_per_problem": result.samples}
    for name, values in result.contenders.items():
        figures |= {f"{name}.{measure}": value.mean for measure, value in values.items() if value.mean is not None}
    return Summary(figures=figures)


evaluate = Stage(
    name="evaluate",
    reads=("base_model", "recipe", "recipes", "metric", "evaluate", "evaluation", "sandbox", "seed"),
    uses={"evaluation_problems": ".", **dict.fromkeys(ADAPTERS, ".")},
    work=_evaluate,
    identity=_identity,
)
