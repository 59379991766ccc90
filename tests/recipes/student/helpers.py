"""The recipe on the small course: problems, replies and grades."""

from codekiln import teachers
from codekiln.data.records import Sample
from codekiln.recipes.student.recipe import Student
from codekiln.recipes.student.settings import StudentSettings
from codekiln.recipes.student.templates import TEMPLATES
from codekiln.recipes.types import BuiltDataset
from codekiln.sandbox.limits import Limits
from codekiln.settings.resolve import resolve

LIMITS = Limits(cpu_seconds=1, wall_seconds=5.0)
reply = TEMPLATES["tags"].reply
SHARES = {"new_students": 0.2, "new_problems": 0.34, "held_out_streams": 0.25}


def recipe_for(folder, **own) -> Student:
    return Student(StudentSettings(source=str(folder), **(SHARES | own)), metric="ast_distance", seed=0)


def problems_of(recipe, **sizes):
    sets = [f"problems.{side}={size}" for side, size in sizes.items()]
    sets += ["sandbox.cpu_seconds=1", "problems.evaluation=100"][: 1 if "evaluation" in sizes else 2]
    return recipe.problems(resolve("laptop", {"recipe": "student"}, sets))


def grade(recipe, problems, samples):
    return recipe.grade(problems, samples, workers=1, limits=LIMITS, label="")


def built_dataset(recipe, sets):
    teacher = teachers.get("reference")
    samples = [one for _, many in recipe.generate(sets.train, teacher(teacher.Settings(), seed=0)) for one in many]
    found = grade(recipe, sets.train, samples)
    return BuiltDataset(sets.train, sets.evaluation, found, recipe.rows(sets.train, found))


def replies(problem, codes, model="sft", submitted=False):
    return [Sample(task_id=problem.task_id, solution=reply(code, submitted), model=model) for code in codes]


def of_question(sets, name, error=None):
    return next(
        row
        for row in sets.evaluation
        if row.grading_context["question"] == name and error in (None, row.grading_context["real"]["outcome"]["error"])
    )
