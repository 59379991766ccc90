"""Materials, replies and folders that the tests of exercises share."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from codekiln.recipes.debugging.error_injection import find_sites
from codekiln.recipes.debugging.grading import Task
from codekiln.recipes.debugging.material import Counts, Material, embedded
from codekiln.recipes.debugging.proof import trials_of
from codekiln.recipes.debugging.tags import Answer, Request, write_reply, write_request
from codekiln.sandbox.limits import Limits

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

MATERIAL = Material(
    "bill",
    "Read orders & print the total (< 100) and the average.",
    PROGRAM,
    ("2\ntea\nbun\n", "1\nsoup\n", "1\nbun\n"),
)


def material(name: str) -> Material:
    """Return an embedded exercise; one that reads nothing has the empty input."""
    found = next(item for item in embedded() if item.name == name)
    return found if found.stdins or found.calls else replace(found, stdins=("",))


@cache
def sites(name: str = "", tried: int = 7):
    """Return the proven sites of an embedded exercise, or of MATERIAL."""
    [found] = find_sites([material(name) if name else MATERIAL], tried=tried, seed=0, limits=LIMITS)
    return found


def task(syntax: int = 0, runtime: int = 0, logical: int = 0, of: Material = MATERIAL) -> Task:
    return Task(of.program, Counts(syntax, runtime, logical), trials_of(of))


def edited(*changes: tuple[str, str], program: str = PROGRAM) -> str:
    """Return a program with texts replaced; each must be there exactly once."""
    for old, new in changes:
        assert program.count(old) == 1, f"{old!r} is there {program.count(old)} times"
        program = program.replace(old, new)
    return program


def reply(program: str, *answers: tuple[int, str]) -> str:
    return write_reply(program, [Answer(line, text) for line, text in answers])


def write_example(folder: Path, side: str, number: int, user: str, assistant: str, suffix: str = ".txt") -> None:
    for role, text in (("user", user), ("assistant", assistant)):
        path = folder / side / role / f"{number}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def request(counts: Counts, of: Material = MATERIAL) -> str:
    return write_request(Request(of.description, of.program, counts))
