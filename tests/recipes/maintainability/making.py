"""Programs, graded samples and recipes that the tests of preference pairs share."""

from codekiln import recipes
from codekiln.code import metrics
from codekiln.data.records import Graded, Problem, Sample, Verdict
from codekiln.data.replies import extract_code
from codekiln.recipes.types import BuiltDataset
from codekiln.settings import profiles

KIND = recipes.get("maintainability")
STUDY = profiles.read("seed-two-stage-dpo")["recipes"]["maintainability"]
CALL = "def f(x):\n    return sum(x) + 1\n"
LOOP = "def f(x):\n    t = 1\n    for y in x:\n        t += y\n    return t\n"
WHILE = "def f(x):\n    t = 1\n    while x:\n        t, x = t + x[0], x[1:]\n    return t\n"
SIGNS = (
    "def f(x):\n    {t} = 1\n    for y in x:\n        if y > 0:\n            {t} += y\n"
    "        elif y < 0:\n            {t} -= -y\n    return {t}\n"
)
LONG = SIGNS.format(t="t")


def problem(task_id="t1", **fields):
    common = {"entry_point": "f", "group": task_id, "tests": ("assert f([1]) == 2",)}
    return Problem(**{"task_id": task_id, "prompt": "Add x up, plus one.", **common, **fields})


def graded(code, place=0, status="passed", task_id="t1"):
    passed = status == "passed"
    verdict = Verdict(task_id=task_id, status=status, tests_total=1, tests_run=1, tests_passed=int(passed))
    scores = metrics.score_all([code])[0] if passed else ()
    sample = Sample(task_id=task_id, solution=code, model="m", seed=place)
    return Graded(sample=sample, verdict=verdict, scores=scores)


def recipe(metric="structural_maintainability", seed=0, **fields):
    return KIND(KIND.Settings(**fields), metric=metric, seed=seed)


def texts(pair):
    return tuple(extract_code(side[0].content) + "\n" for side in (pair.chosen, pair.rejected))


def built_dataset(step="filter", base="gemma3-4b"):
    """Return a data set of four problems, each with two passing programs and one that fails."""
    problems = [problem(f"t{index}") for index in range(4)]
    rows = [
        graded(code, place, status, one.task_id)
        for one in problems
        for place, (code, status) in enumerate([(CALL, "passed"), (LONG, "passed"), (WHILE, "failed")])
    ]
    evaluation = [problem("e1", prompt="Reverse the words of a sentence.", tests=("assert g('a') == 'a'",))]
    return BuiltDataset(problems, evaluation, rows, recipe().rows(problems, rows), step, base)
