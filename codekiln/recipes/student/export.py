"""The data set for others: the study's files, what a stranger has to know of them, and what may not be in them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from codekiln.errors import InputError, InputErrors
from codekiln.recipes.student.course import read_questions, write_questions
from codekiln.recipes.student.partition import Material, by_cell, overlaps
from codekiln.recipes.student.schema import Row, read_rows, write_rows
from codekiln.recipes.student.source import EMBEDDED, PROBLEMS, Source
from codekiln.recipes.student.split import CELLS, Key
from codekiln.recipes.student.variants import STANDARD, Variant, variant_named

if TYPE_CHECKING:
    from codekiln.recipes.student.recipe import Settings

ROW = """\
A row is one submission of one student for one problem: `INPUT` is what was known before it, `OUTPUT` the code, with \
`<SUBMIT>` after a final attempt. Experiment 1 asks for the first, middle or last submission (`stage`); experiment 2 \
for the next one after the last k (`curr_problem_prior_submissions`, oldest first). Where there is less to list, lists \
have fewer entries. With context, `past_problem_submissions` shows the same student's work for the problem before."""

Rows = list[tuple[Path, int, Row]]
"""Rows with the file and the number, from 1, that name them."""


def files(source: Source, material: Callable[[Variant], Material], variant: Variant) -> dict[str, str | bytes]:
    """Return files by name: of streams all six of the study and the run's own, of rows the run's own alone."""
    variants = dict.fromkeys([*STANDARD, variant]) if source.has_streams else {variant: None}
    found: dict[str, str | bytes] = {PROBLEMS: write_questions(source.course.questions)}
    for one in variants:
        made = material(one)
        found[f"train_{one.name}.json"] = write_rows(located.row for located in made.train)
        for cell, rows in by_cell(made.evaluation, made.sides).items():
            found[f"test_{one.name}_{cell}.json"] = write_rows(rows)
    return found


def card(source: Source, material: Material, variant: Variant, settings: "Settings") -> str:
    """Return the part of the data card that says what a row is and where it comes from."""
    sides = Counter(material.sides[located.key] for located in [*material.train, *material.evaluation])
    students = {key[0] for key in material.sides}
    untested = sorted(name for name, question in source.course.questions.items() if not question.all_tests)
    turned = Counter(item.reason for item in material.rejected)
    lines = [
        "## What a row is",
        "",
        ROW,
        "",
        f"This run trained and judged on `{variant.name}`{_cut(settings)}.",
        "",
        "```python",
        "import json",
        f'rows = json.load(open("train_{variant.name}.json"))',
        "```",
        "",
        "## Where it comes from",
        "",
        _origin(settings),
        "",
        f"{len(material.sides)} streams of {len(students)} students on {len(source.course.questions)} problems; "
        "rows of this variant: " + ", ".join(f"{sides[side]} {side}" for side in ("train", *CELLS)) + ".",
        "",
        "A stream is on one side only. Old students have training streams as well, new students and new problems have "
        "none. Contexts of training rows show training streams only. Students of one problem share its text, so "
        "rows are compared by the students' own code: training rows at least "
        f"{settings.near_duplicate} alike to an evaluation row's code are turned away"
        f" ({turned['near-duplicate']} of this variant).",
    ]
    if untested:
        lines += ["", f"Without tests, and so without functional measures: {', '.join(untested)}."]
    return "\n".join(lines)


def validate(folder: Path, threshold: float) -> Iterator[InputError]:
    """Yield what is wrong with the files of this recipe in a data-set folder.

    Wrong rows; a stream that trains and judges, in any variant; a training context that shows a stream that judges;
    training rows that nearly repeat an evaluation row's code.
    """
    try:
        if (folder / PROBLEMS).is_file():
            read_questions(folder / PROBLEMS)
    except InputError as error:
        yield from _each(error)
    sides: dict[str, dict[str, Rows]] = {"train": defaultdict(list), "test": defaultdict(list)}
    for path in sorted(folder.glob("*_exp*.json")):
        side, variant = path.stem.partition("_")[0], variant_named(path.stem)
        if side not in sides or variant is None:
            yield InputError("no file of this recipe has such a name", where=str(path), fix="rename or remove it")
            continue
        try:
            rows = read_rows(path, variant.experiment)
        except InputError as error:
            yield from _each(error)
            continue
        sides[side][variant.name] += [(path, number, row) for number, row in enumerate(rows, start=1)]
    judging = {_key(row): path for rows in sides["test"].values() for path, _, row in rows}
    for name, rows in sides["train"].items():
        yield from _crossing(rows, judging)
        yield from _alike(rows, sides["test"][name], threshold)


def _crossing(rows: Rows, judging: dict[Key, Path]) -> Iterator[InputError]:
    for path, number, row in rows:
        where, (student, question) = f"{path}: row {number}", _key(row)
        if (student, question) in judging:
            what = f"{student}'s stream for {question} also judges, in {judging[student, question].name}"
            yield InputError(what, where=f"{where}.INPUT.student_id", fix="take it out of one of them")
        for old in row.INPUT.past_problem_submissions:
            if (student, old.question_name) in judging:
                what = f"shows {student}'s stream for {old.question_name}, which judges"
                yield InputError(
                    what, where=f"{where}.INPUT.past_problem_submissions", fix="take it out of the context"
                )


def _alike(train: Rows, test: Rows, threshold: float) -> Iterator[InputError]:
    found = {item.train: item for item in overlaps([row for *_, row in train], [row for *_, row in test], threshold)}
    for item in found.values():
        (path, number, _), (judging, line, _) = train[item.train], test[item.evaluation]
        what = f"nearly repeats row {line} of {judging.name} ({item.similarity:.2f})"
        yield InputError(what, where=f"{path}: row {number}.OUTPUT", fix="take one of them out")


def _key(row: Row) -> Key:
    return (row.INPUT.student_id, row.INPUT.question_name)


def _each(error: InputError) -> tuple[InputError, ...]:
    return error.errors if isinstance(error, InputErrors) else (error,)


def _cut(settings: "Settings") -> str:
    return f", rows cut to {settings.max_characters} characters for the model (the files are whole)"


def _origin(settings: "Settings") -> str:
    if settings.source == EMBEDDED:
        return (
            "Nobody wrote this: the class is made up. Problems are codekiln's own; streams are made from their "
            "solutions in the style of made-up students, by putting in mistakes and undoing them attempt by attempt."
        )
    names = "Students bear numbers in place of their names." if settings.pseudonyms else "Students bear their own ids."
    origin = f"Students' own work, from `{Path(settings.source).name}`."
    return f"{origin} {names} Code and comments may still say who wrote them."
