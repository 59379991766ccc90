"""The data card: what a row is, whose work it is, and how the rows are split."""

from collections import Counter
from pathlib import Path

from codekiln.recipes.student.settings import StudentSettings
from codekiln.recipes.student.source import EMBEDDED, CourseData
from codekiln.recipes.student.split import CELLS, TRAIN, SplitRows

_ROW = """\
A row is one submission of one student for one problem: `INPUT` is what was known before it, `OUTPUT` the code, with \
`<SUBMIT>` after a final attempt. Experiment 1 asks for the first, middle or last submission (`stage`); experiment 2 \
for the next one after the last k (`curr_problem_prior_submissions`, oldest first). Where there is less to list, lists \
have fewer entries. With context, `past_problem_submissions` shows the same student's work for the problem before."""


def card(data: CourseData, rows: SplitRows, settings: StudentSettings) -> str:
    """Return the card's sections about the rows of the run's variant."""
    name = settings.variant.name
    counts = Counter(rows.split_of[item.key] for item in [*rows.train, *rows.evaluation])
    students = {key.student for key in rows.split_of}
    untested = sorted(name for name, question in data.course.questions.items() if not question.all_tests)
    rejected = Counter(item.reason for item in rows.rejected)
    lines = [
        "## What a row is",
        "",
        _ROW,
        "",
        f"This run trained and judged on `{name}`, rows cut to {settings.max_characters} characters for the model (the "
        "files are whole).",
        "",
        "```python",
        "import json",
        f'rows = json.load(open("train_{name}.json"))',
        "```",
        "",
        "## Where it comes from",
        "",
        _origin(settings),
        "",
        f"{len(rows.split_of)} streams of {len(students)} students on {len(data.course.questions)} problems; "
        "rows of this variant: " + ", ".join(f"{counts[split]} {split}" for split in (TRAIN, *CELLS)) + ".",
        "",
        "A stream is on one side only. Old students have training streams as well, new students and new problems have "
        "none. Contexts of training rows show training streams only. Students of one problem share its text, so "
        "rows are compared by the students' own code: training rows at least "
        f"{settings.near_duplicate} alike to an evaluation row's code are turned away"
        f" ({rejected['near-duplicate']} of this variant).",
    ]
    if untested:
        lines += ["", f"Without tests, and so without functional measures: {', '.join(untested)}."]
    return "\n".join(lines)


def _origin(settings: StudentSettings) -> str:
    if settings.source == EMBEDDED:
        return (
            "Nobody wrote this: the class is made up. Problems are codekiln's own; streams are made from their "
            "solutions in the style of made-up students, by putting in mistakes and undoing them attempt by attempt."
        )
    names = "Students bear numbers in place of their names." if settings.pseudonyms else "Students bear their own ids."
    origin = f"Students' own work, from `{Path(settings.source).name}`."
    return f"{origin} {names} Code and comments may still say who wrote them."
