from codekiln.data.records import Graded, Problem, Sample, Score, Verdict
from codekiln.stages.examples import before_and_after

PROBLEMS = [Problem(task_id=f"t{n}", prompt=f"task {n}") for n in range(20)]


def reply(task: str, value: float | None, text: str = "", passed: bool = True) -> Graded:
    status = "passed" if passed else "failed"
    verdict = Verdict(task_id=task, status=status, tests_total=1, tests_run=1, tests_passed=int(passed))
    return Graded(
        sample=Sample(task_id=task, solution=text or f"x = {value}"), verdict=verdict,
        scores=(Score(metric="lines", value=value),),
    )  # fmt: skip


def shown(rows: dict[str, list[Graded]], per_problem, passing: bool = True):
    return before_and_after(PROBLEMS, per_problem, lambda name, _: iter(rows[name]), ("base", "dpo"), "lines", passing)


def values(changes: dict[str, float | None], passing: float = 1.0):
    return {task: {"pass@1": passing, "lines": value} for task, value in changes.items()}


def test_problems_are_spaced_evenly_from_the_best_change_to_the_worst() -> None:
    tasks = [row.task_id for row in PROBLEMS]
    per_problem = {
        "base": values(dict.fromkeys(tasks, 5.0)),
        "dpo": values({task: 5.0 + (7 * n) % 20 for n, task in enumerate(tasks)}),
    }
    rows = {name: [reply(task, 1.0, f"# {name} {task}") for task in tasks] for name in per_problem}
    found = shown(rows, per_problem)
    change = [per_problem["dpo"][example.task_id]["lines"] - 5.0 for example in found]
    assert change == [19, 14, 9, 5, 0]
    assert found[0].before_code == f"# base {found[0].task_id}"
    assert found[0].after_code == f"# dpo {found[0].task_id}"
    assert (found[0].prompt, found[0].after_name) == (f"task {found[0].task_id[1:]}", "dpo")


def test_the_reply_with_the_median_value_is_shown_of_those_that_count() -> None:
    rows = {
        "base": [reply("t1", value) for value in (9.0, 1.0, 3.0)],
        "dpo": [reply("t1", 2.0), reply("t1", 100.0, passed=False), reply("t1", None)],
    }
    per_problem = {"base": values({"t1": 13 / 3}), "dpo": values({"t1": 2.0})}
    (example,) = shown(rows, per_problem)
    assert (example.before_code, example.after_code) == ("x = 3.0", "x = 2.0")
    assert example.before_scores == {"lines": 3.0}
    (example,) = shown(rows, per_problem, passing=False)
    assert example.after_code == "x = 100.0"


def test_without_a_problem_that_both_solve_there_is_no_example() -> None:
    per_problem = {"base": values({"t1": 1.0, "t2": None}), "dpo": values({"t1": None, "t2": 2.0})}
    assert shown({"base": [], "dpo": []}, per_problem) == ()
    per_problem = {"base": values({"t1": 1.0}), "dpo": values({"t1": 1.0}, passing=0.0)}
    assert shown({"base": [], "dpo": []}, per_problem) == ()
