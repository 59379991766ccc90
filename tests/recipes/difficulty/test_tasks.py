"""Problems of the recipe: separated from evaluation, and reported by stated difficulty."""

from codekiln.data.records import Problem
from codekiln.recipes.difficulty.tasks import remove_overlapping
from codekiln.recipes.types import ProblemSets
from codekiln.settings.resolve import resolve
from tests.recipes.difficulty.making import recipe


def test_problems_near_the_evaluation_side_train_nothing():
    smallest = "Write a function to add the smallest of all the given numbers to one of them."
    doubled = "def f(items):\n    return [item * 2 for item in items if item is not None and item % 2 == 0]\n"

    def one(name, prompt, reference):
        return Problem(task_id=name, prompt=prompt, reference=reference)

    train = [one("a", smallest, "x = 1"), one("b", "Double them.", doubled), one("c", "Halve them.", "y = 2")]
    evaluation = [one("d", smallest + " now", "z = 3"), one("e", "Twice each.", doubled.replace("== 0", "== 1"))]
    made = remove_overlapping(ProblemSets(train, evaluation), 0.8)
    assert [problem.task_id for problem in made.train] == ["c"]
    assert [item.reason for item in made.rejected] == ["near-evaluation-prompt", "near-evaluation-reference"]


def test_evaluation_problems_are_reported_by_the_difficulty_that_the_source_states():
    settings = resolve(overrides=["recipe=difficulty", "problems.train=3", "problems.evaluation=4"])
    made = recipe().problems(settings)
    assert [problem.stratum for problem in made.evaluation] == [problem.difficulty for problem in made.evaluation]
    assert {problem.stratum for problem in made.train} == {None}
