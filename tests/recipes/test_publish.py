from codekiln import recipes
from codekiln.data.records import Graded, Problem, Sample, Verdict
from codekiln.recipes.decontamination import EvaluationTexts, reject_near_duplicates

REFERENCE = (
    "def fourth(n):\n    total = 0\n    for i in range(1, n + 1):\n        total += (2 * i) ** 4\n    return total\n"
)
JUDGED = Problem(task_id="e/1", prompt="Add up the fourth powers of even numbers.", reference=REFERENCE, group="e")
ASKED = Problem(task_id="t/1", prompt="Add up the powers of even numbers.", reference=None, group="t")
OTHER = "def fourth(n):\n    return sum((2 * i) ** 4 for i in range(1, n + 1))\n"


def graded(code, passed=True):
    verdict = Verdict(
        task_id="t/1", status="passed" if passed else "failed", tests_total=1, tests_run=1, tests_passed=int(passed)
    )
    return Graded(sample=Sample(task_id="t/1", solution=code), verdict=verdict)


def test_a_candidate_that_comes_out_like_an_evaluation_problem_is_turned_away_before_rows_are_chosen():
    kind = recipes.get("maintainability")
    recipe = kind(kind.Settings(), metric="structural_maintainability", seed=0)
    rows = [graded(REFERENCE), graded(OTHER), graded(REFERENCE.replace("4", "5"), passed=False)]
    kept, rejected = reject_near_duplicates([ASKED], rows, EvaluationTexts(recipe, [JUDGED]))
    assert kept == rows[1:]
    assert [(item.reason, item.row) for item in rejected] == [("near-duplicate", rows[0])]
