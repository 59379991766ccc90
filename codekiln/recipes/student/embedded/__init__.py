"""A synthetic class with problems of our own and simulated students, so that everything runs without private data.

Each student has a profile: a spelling of names, a favourite kind of loop, tabs or spaces, Python 2 or not, a level of
care. A stream is on its way to a solution in that student's style: programs are written bit by bit or begun anew,
mistakes that novices make are mended attempt by attempt, and traces of work such as prints come and go. The shares of
error classes follow what is reported for introductory courses: most first attempts fail, most last ones pass. The class
shows that the pipeline works; it is no model of real students.
"""

import random
from functools import lru_cache
from importlib import resources

from codekiln.recipes.student.course import Course, Stream, drop_repeats
from codekiln.recipes.student.embedded.attempts import simulate_attempts
from codekiln.recipes.student.embedded.problems import Assignment, read_assignments
from codekiln.recipes.student.embedded.profiles import StudentProfile, draw_profile
from codekiln.recipes.student.embedded.rendering import render_solutions

SEMESTERS = ("autumn-1", "spring-2", "autumn-2")
ATTENDANCE = 0.92
"""Share of the problems that a student works on."""

GIVES_UP = 0.05
"""Share of the problems on which a student stops before the last attempt, without a final submission."""


@lru_cache(maxsize=2)
def course(students: int, seed: int) -> Course:
    """Return the embedded course with ``students`` students; equal arguments give equal courses.

    The first students of a larger course are those of a smaller one with the same seed.
    """
    assignments = read_embedded_assignments()
    streams: list[Stream] = []
    for number in range(students):
        name = f"student-{number + 1:03}"
        profile = draw_profile(random.Random(f"{seed}:{name}"))
        semester = SEMESTERS[number % len(SEMESTERS)]
        for assignment in assignments.values():
            stream = _stream(name, semester, profile, assignment, seed)
            streams += [] if stream is None else [stream]
    return Course({name: assignment.question for name, assignment in assignments.items()}, drop_repeats(streams))


@lru_cache(maxsize=1)
def read_embedded_assignments() -> dict[str, Assignment]:
    """Return the problems of the embedded course with their solutions, by name, in the order of the course."""
    return read_assignments((resources.files(__name__) / "problems.toml").read_text(encoding="utf-8"))


def _stream(name: str, semester: str, profile: StudentProfile, assignment: Assignment, seed: int) -> Stream | None:
    # A generator per student and problem keeps every stream independent of the size of the class.
    rng = random.Random(f"{seed}:{name}:{assignment.name}")
    if rng.random() > ATTENDANCE:
        return None
    solution, other = render_solutions(assignment, profile, rng)
    attempts = simulate_attempts(solution, other, profile, rng)
    gives_up = len(attempts) > 1 and rng.random() < GIVES_UP
    attempts = attempts[:-1] if gives_up else attempts
    submissions, thoughts = (tuple(getattr(one, part) for one in attempts) for part in ("text", "thought"))
    return Stream(name, semester, assignment.name, submissions, submitted=not gives_up, thoughts=thoughts)
