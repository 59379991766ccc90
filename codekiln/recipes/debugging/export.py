"""The recipe's own files of a data set, and its section of the data card."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from codekiln.data import prompts
from codekiln.data.records import Message, Problem
from codekiln.recipes.debugging.material import CLASSES
from codekiln.recipes.debugging.settings import DebuggingSettings
from codekiln.recipes.debugging.tasks import material_of
from codekiln.recipes.types import BuiltDataset

TRAINING, TESTING = "fine_tuning_training_parsed.jsonl", "fine_tuning_testing_parsed.jsonl"
EXERCISES = "exercises.jsonl"


def files(made: BuiltDataset) -> dict[str, str | bytes]:
    """Return the chat files and the exercises, content by name."""
    training = [(*row.prompt, *row.completion) for row in made.rows.examples]
    testing = [
        (*prompts.messages(row), *prompts.reply_turn(row, row.reference))
        for row in made.evaluation
        if row.reference is not None
    ]
    exercises = [*_exercises(made.train, "training"), *_exercises(made.evaluation, "test")]
    return {
        TRAINING: _lines({"messages": _turns(messages)} for messages in training),
        TESTING: _lines({"messages": _turns(messages)} for messages in testing),
        EXERCISES: _lines(exercises),
    }


def card(made: BuiltDataset, settings: DebuggingSettings) -> str:
    """Return the part of the data card that is about these rows."""
    problems = {row.task_id: row for row in made.train}
    trained = [problems[row.task_id] for row in made.rows.examples]
    splits = {"training": trained, "test": list(made.evaluation)}
    content = f"the folder `{settings.content}`" if settings.content else "the exercises that codekiln ships"
    parts = [_WHAT.format(content=content, system=settings.instruction), _figures(splits), _kinds(splits)]
    if settings.examples:
        parts.append(f"Rows named `debugging/examples/...` come from `{settings.examples}`, written by somebody else.")
    return "\n\n".join([*parts, _files(_REPLIES[settings.reply_form])])


def _files(reply: str) -> str:
    return f"""| file | what is in it |
|---|---|
| `{TRAINING}` | the training rows, one `{{"messages": [system, user, assistant]}}` a line |
| `{TESTING}` | the same for the test exercises |
| `{EXERCISES}` | every exercise: description, correct program, and the inputs or calls that it was tried on |

The turns hold tags (`<description>`, `<syntax>`, ...) but are no XML: code stands in them as it is, also `<` and `&`.
`codekiln.recipes.debugging.tags` has `read_request`. {reply} To train elsewhere, give the two files to any trainer
that takes chat rows: `datasets.load_dataset("json", data_files="{TRAINING}")`."""


def _figures(splits: Mapping[str, Sequence[Problem]]) -> str:
    lines = [
        "| side | exercises | rows | syntax | runtime | logical | errors per row |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for split, rows in splits.items():
        counts = Counter({name: sum(row.grading_context["counts"][name] for row in rows) for name in CLASSES})
        exercises = len({row.grading_context["exercise"] for row in rows})
        each = f"{counts.total() / len(rows):.2f}" if rows else "-"
        cells = [split, exercises, len(rows), *(counts[name] for name in CLASSES), each]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def _kinds(splits: Mapping[str, Sequence[Problem]]) -> str:
    used = Counter(kind for rows in splits.values() for row in rows for kind in row.grading_context.get("kinds", ()))
    listed = ", ".join(f"{kind} {count}" for kind, count in sorted(used.items(), key=lambda item: (-item[1], item[0])))
    return f"Errors that the engine put in, by family ({len(used)} families): {listed}." if used else ""


def _exercises(rows: Iterable[Problem], split: str) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        item = material_of(row)
        found[item.name] = {
            "name": item.name,
            "side": split,
            "group": row.group,
            "description": item.description,
            "program": item.program,
            "stdin": list(item.stdins),
            "calls": list(item.calls),
            "source": item.source,
            "licence": item.licence,
        }
    return list(found.values())


def _turns(messages: Iterable[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in messages]


def _lines(rows: Iterable[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


_WHAT = """A row is a conversation. The user gives a programming problem, a correct Python program, and how many syntax,
runtime and logical errors to put into it. The assistant gives the program with these errors, and for each error its
line and an explanation. It teaches a model to write debugging exercises for learners.

The programs are {content}. Every error was put in alone and proven by running: a syntax error does not compile, a
runtime error raises where the correct program does not, a logical error changes what is printed or returned and raises
nothing. Line numbers are those of the bugged program and come from a comparison of the two programs. Exercises whose
programs or descriptions are nearly the same are one group, and no group is on both sides.

The system turn of every row: "{system}\""""

_REPLIES = {
    "program": "A reply is the whole program, with tags too; `read_reply` reads it.",
    "edits": "A reply is the lines that change, as `line N: new text`, each with a `why: ...` below it; "
    "`codekiln.recipes.debugging.edit_replies` has `read_edits`.",
}
