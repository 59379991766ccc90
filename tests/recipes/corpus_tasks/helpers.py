"""The recipe on the small corpus: problems, grades and files."""

from codekiln import recipes
from codekiln.recipes.corpus_tasks.prompts import CATEGORIES
from codekiln.recipes.corpus_tasks.split import SplitSizes, split_tasks
from codekiln.sandbox.limits import Limits
from codekiln.settings.resolve import validate

KIND = recipes.get("corpus-tasks")
LIMITS = Limits(cpu_seconds=2, wall_seconds=8.0)
SIZES = {"train": 40, "evaluation": 10}


def recipe(seed=0, **fields):
    return KIND(KIND.Settings(**fields), metric="behaviour", seed=seed)


def run_settings(corpus, teacher="reference", problems=SIZES, **own):
    return validate({
        "recipe": "corpus-tasks", "teacher": teacher, "workers": 1, "problems": problems,
        "recipes": {"corpus-tasks": {"corpus": str(corpus)} | own}, "sandbox": {"cpu_seconds": 2, "wall_seconds": 8.0},
    })  # fmt: skip


def sets_of(corpus, problems=SIZES, seed=0, **own):
    return recipe(seed, corpus=str(corpus), **own).problems(run_settings(corpus, problems=problems, **own))


def grade(made_by, problems, samples):
    return made_by.grade(problems, samples, workers=1, limits=LIMITS, label="")


def reference_samples(made_by, problems):
    return [sample for _, samples in made_by.reference_samples(problems) for sample in samples]


def split_again(sets, train=None, evaluation=None, shares=None, seed=0, spare=0.0, shrinks=False):
    """Split the tasks of a run once more with other sizes, without analysing the corpus again."""
    rows = [*sets.train, *sets.evaluation, *(item.row for item in sets.rejected if item.reason == "not-needed")]
    sizes = SplitSizes(train, evaluation, 0.3, shares or dict.fromkeys(CATEGORIES, 1.0), spare)
    return split_tasks(rows, sizes, seed, shrinks=shrinks)
