"""Materials, replies and folders that the tests of exercises share."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from codekiln import recipes
from codekiln.recipes import debugging
from codekiln.recipes.debugging.error_injection import find_sites
from codekiln.recipes.debugging.material import ErrorCounts, ExerciseMaterial, InjectionTask
from codekiln.recipes.debugging.source import embedded
from codekiln.recipes.debugging.tags import ExerciseRequest, Explanation, write_reply, write_request
from codekiln.sandbox.limits import Limits
from codekiln.settings import resolve

CONTENT = Path(debugging.__file__).parent / "content"
NAMES = ("average-of-scores", "count-above", "exam-results", "rainfall", "stock-check", "times-table", "username-maker")
LIMITS = Limits(cpu_seconds=1, wall_seconds=4.0)

PROGRAM = """\
count = int(input("How many? "))
prices = {"tea": 2, "bun": 3}

total = 0
for turn in range(count):
    name = input("Name: ")
    if name in prices and total < 100:
        total = total + prices[name]

print("Total:", total)
print("Each:", total / count)"""

MATERIAL = ExerciseMaterial(
    "bill",
    "Read orders & print the total (< 100) and the average.",
    PROGRAM,
    ("2\ntea\nbun\n", "1\nsoup\n", "1\nbun\n"),
)


def material(name: str) -> ExerciseMaterial:
    """Return an embedded exercise; one that reads nothing has the empty input."""
    found = next(item for item in embedded() if item.name == name)
    return found if found.stdins or found.calls else replace(found, stdins=("",))


@cache
def sites(name: str = "", tried: int = 7):
    """Return the proven sites of an embedded exercise, or of MATERIAL."""
    [found] = find_sites([material(name) if name else MATERIAL], tried=tried, seed=0, limits=LIMITS)
    return found


def task(syntax: int = 0, runtime: int = 0, logical: int = 0, of: ExerciseMaterial = MATERIAL) -> InjectionTask:
    return InjectionTask(of.program, ErrorCounts(syntax, runtime, logical), of.trials)


def edited(*changes: tuple[str, str], program: str = PROGRAM) -> str:
    """Return a program with texts replaced; each must be there exactly once."""
    for old, new in changes:
        assert program.count(old) == 1, f"{old!r} is there {program.count(old)} times"
        program = program.replace(old, new)
    return program


def reply(program: str, *answers: tuple[int, str]) -> str:
    return write_reply(program, [Explanation(line, text) for line, text in answers])


def write_example(folder: Path, side: str, number: int, user: str, assistant: str, suffix: str = ".txt") -> None:
    for role, text in (("user", user), ("assistant", assistant)):
        path = folder / side / role / f"{number}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def request(counts: ErrorCounts, of: ExerciseMaterial = MATERIAL) -> str:
    return write_request(ExerciseRequest(of.description, of.program, counts))


def recipe(**own):
    cls = recipes.get("debugging")
    return cls(cls.Settings(**own), metric="counts_exact", seed=0)


def run_settings(**problems):
    values = {"recipe": "debugging", "problems": {"evaluation_fraction": 0.3} | problems, "workers": 2}
    return resolve.validate(values | {"sandbox": LIMITS.model_dump()})


def grade(made_by, problems, samples):
    return made_by.grade(problems, samples, workers=2, limits=LIMITS, label="")


def all_problems(made):
    return [*made[1].train, *made[1].evaluation]
