"""Graded samples, recipes and published files that the tests of data sets by difficulty share."""

import csv
import io
import json

from codekiln import recipes, teachers
from codekiln.data.records import Graded, Sample, Score, Verdict
from codekiln.recipes.difficulty import tables

KIND = recipes.get("difficulty")


WRONG = "def {name}(*args):\n    return None, {number}\n"


SAMPLES = 10


def recipe(seed=0, **fields):
    return KIND(KIND.Settings(**fields), metric="pass@1", seed=seed)


def solved(index):
    """Return how many of its ten samples solve the index-th problem: 9 easy, 5 medium, 2 hard, none unsolved."""
    return (9, 5, 2, 2, 2, 0)[index % 6]


def styles_of(problem):
    reference = teachers.get("reference")
    ((_, samples),) = reference(reference.Settings(), seed=0).solve([problem])
    return [sample.solution for sample in samples]


def samples_of(problem, correct, n=SAMPLES):
    """Return ``n`` samples, ``correct`` of them right in the styles there are, the others wrong."""
    right = styles_of(problem)
    wrong = [WRONG.format(name=problem.entry_point, number=number) for number in range(n - correct)]
    return [right[number % len(right)] for number in range(correct)] + wrong


def read(folder, name):
    return list(csv.DictReader(io.StringIO((folder / name).read_text())))


def lines(folder, name):
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def rewrite(path, change):
    """Change the rows of a JSON Lines or CSV file in place."""
    if path.suffix == ".jsonl":
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        path.write_text("".join(json.dumps(row) + "\n" for row in change(rows)))
    else:
        rows = list(csv.DictReader(io.StringIO(path.read_text())))
        path.write_text(tables.table(list(rows[0]), change(rows)))


def graded_as(task_id, outcomes, codes=()):
    """Return samples with these outcomes; passing ones have the codes, and scores."""
    rows = []
    for number, passed in enumerate(outcomes):
        code = codes[number] if passed else "def f():\n    pass\n"
        status = "passed" if passed else "failed"
        verdict = Verdict(task_id=task_id, status=status, tests_total=1, tests_run=1, tests_passed=int(passed))
        scores = (Score(metric="structural_maintainability", value=float(number % 3)),) if passed else ()
        rows.append(Graded(sample=Sample(task_id=task_id, solution=code, model="m"), verdict=verdict, scores=scores))
    return rows
