"""A course that nobody took: problems of our own and students with habits, so that all runs without private data.

Each student has a spelling of names, a favourite kind of loop, a spacing, a care. A stream is made backwards: from the
solution in that student's style, mistakes that novices make are put in, and undone attempt by attempt, as are traces of
work such as a left-over print. The shares of error classes were set after what is reported of introductory courses:
most first attempts fail, most last ones pass. It shows that the flow works; it is no model of real students.
"""

import random
from functools import lru_cache
from importlib import resources

from codekiln.recipes.student.course import Course, Stream, collapsed
from codekiln.recipes.student.embedded.attempts import write_stream
from codekiln.recipes.student.embedded.habits import Habits, draw_habits
from codekiln.recipes.student.embedded.problems import Assignment, read_assignments
from codekiln.recipes.student.embedded.writing import write_solution

SEMESTERS = ("autumn-1", "spring-2", "autumn-2")
ATTENDANCE = 0.92
GIVES_UP = 0.05
"""Share of the problems that a student leaves before the last attempt, with nothing submitted."""


@lru_cache(maxsize=2)
def course(students: int, seed: int) -> Course:
    """Return the embedded course with ``students`` students, always the same one for the same arguments."""
    assignments = assignments_of_class()
    streams = []
    for number in range(students):
        name = f"student-{number + 1:03}"
        habits = draw_habits(random.Random(f"{seed}:{name}"))
        semester = SEMESTERS[number % len(SEMESTERS)]
        streams += [_stream(name, semester, habits, assignment, seed) for assignment in assignments.values()]
    attended = [stream for stream in streams if stream is not None]
    return Course({name: assignment.question for name, assignment in assignments.items()}, collapsed(attended))


@lru_cache(maxsize=1)
def assignments_of_class() -> dict[str, Assignment]:
    """Return the problems of the embedded course with their solutions, by name, in order."""
    return read_assignments((resources.files(__name__) / "problems.toml").read_text(encoding="utf-8"))


def _stream(name: str, semester: str, habits: Habits, assignment: Assignment, seed: int) -> Stream | None:
    rng = random.Random(f"{seed}:{name}:{assignment.name}")
    if rng.random() > ATTENDANCE:
        return None
    attempts = write_stream(write_solution(assignment, habits, rng), habits, rng)
    gives_up = len(attempts) > 1 and rng.random() < GIVES_UP
    return Stream(name, semester, assignment.name, attempts[:-1] if gives_up else attempts, submitted=not gives_up)
