"""The tables of docs/messages.md: every error by topic, with its place, what to do and the exit code."""

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator

from docs.generate.messages import Message, messages

# What people look for a message under, and the files whose errors belong there: the longest path counts.
TOPICS = {
    "Command line and plug-ins": ("cli/", "plugins.py", "errors.py"),
    "Settings": ("settings/",),
    "Files, problems and samples": ("data/",),
    "Sandbox and grading": ("sandbox/",),
    "Recipes": ("recipes/",),
    "Recipe corpus-tasks": ("recipes/corpus_tasks/",),
    "Recipe difficulty": ("recipes/difficulty/",),
    "Recipe student": ("recipes/student/",),
    "Recipe debugging, exercises": ("recipes/debugging/",),
    "Metrics, mutations, filters": ("code/", "filters/"),
    "Base models and adapters": ("models/", "stages/model_folder/", "stages/named_model.py", "stages/fetch.py"),
    "Teachers and sampling": ("teachers/", "inference/", "stages/engine.py", "stages/prompting.py"),
    "Training": ("training/",),
    "Stages and folders": ("stages/",),
    "Evaluation and comparison": (
        *("evaluation/", "stages/benchmarks.py", "stages/contenders.py", "stages/eligibility.py"),
        *("stages/evaluate.py", "stages/planning.py"),
    ),
    "Promotion": ("stages/promotion/", "stages/ledger.py"),
    "Export": ("stages/exporting/",),
    "Serving": ("stages/serving/",),
    "MLflow and Kubeflow's Model Registry": ("registry/",),
    "Cluster": ("launch/",),
}
HEAD = "| message | where | what to do | exit code |\n|---|---|---|---|"


def tables() -> str:
    """Return a heading and a table for each topic.

    Raises:
        ValueError: An error is made in a file that belongs to no topic.
    """
    found = defaultdict(list)
    for message in messages():
        found[topic(message.file)].append(message)
    parts = [f"## {name}\n\n{HEAD}\n" + "\n".join(_rows(found[name])) for name in TOPICS if name in found]
    return "\n\n".join(parts)


def topic(file: str) -> str:
    """Return the topic of a file's errors."""
    fitting = [(len(path), name) for name, paths in TOPICS.items() for path in paths if file.startswith(path)]
    if not fitting:
        raise ValueError(f"give {file} a topic in docs/generate/message_tables.py")
    return max(fitting)[1]


def _rows(found: list[Message]) -> list[str]:
    """Return rows by their text; errors that differ in their place alone share one."""
    places: dict[tuple[str, str, int], list[str]] = {}
    for message in found:
        for what, fix in _pairs(message):
            places.setdefault((what, fix, message.exit_code), []).extend(message.where)
    rows = []
    for (what, fix, code), where in sorted(places.items(), key=lambda row: row[0][0].strip("'<").lower()):
        rows.append(f"| {what} | {_cell(' or '.join(dict.fromkeys(filter(None, where))))} | {fix} | {code} |")
    return rows


def _pairs(message: Message) -> Iterator[tuple[str, str]]:
    """Yield each text of an error with what to do about it."""
    fixes = message.fix if len(message.fix) == len(message.what) else ("; or ".join(filter(None, message.fix)),)
    for what, fix in zip(message.what, itertools.cycle(fixes), strict=False):
        # What is all placeholder passes another's text on: Pydantic's, or an error's that is listed where it is made.
        if re.sub(r"<[^<>]+>|\W", "", what):
            yield _cell(what), _cell(fix)


def _cell(text: str) -> str:
    """Return a text as a cell: one line, and outside of code nothing that Markdown takes for a sign of its own."""
    parts = " ".join(text.split()).replace("|", "\\|").split("`")
    for number in range(0, len(parts), 2):
        parts[number] = parts[number].replace("*", "\\*").replace("<", "&lt;")
    return "`".join(parts)
