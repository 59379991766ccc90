"""The three JSON files of the published data set."""

import json

from codekiln.data.records import Problem
from codekiln.recipes.types import BuiltDataset

TRAIN, TEST, ALL = "sft_trackb_train.json", "sft_trackb_test.json", "sft_trackb_all.json"
KEYS = ("instruction", "response", "category", "source_function", "source_file")


def files(dataset: BuiltDataset) -> dict[str, str | bytes]:
    """Return the three JSON files by name: each is an array of objects with the `KEYS`.

    The instruction is the prompt, word for word. The response of a test row is the reference answer; it is empty where
    only a teacher could have written one.
    """
    problems = {problem.task_id: problem for problem in dataset.train}
    train = [
        _row(problems[row.task_id], row.prompt[-1].content, row.completion[0].content) for row in dataset.rows.examples
    ]
    test = [_row(problem, problem.prompt, problem.reference or "") for problem in dataset.evaluation]
    return {name: _to_json(rows) for name, rows in ((TRAIN, train), (TEST, test), (ALL, train + test))}


def _row(problem: Problem, instruction: str, response: str) -> dict[str, str]:
    context = problem.grading_context
    values = (instruction, response, context["category"], context["function"], context["file"])
    return dict(zip(KEYS, values, strict=True))


def _to_json(rows: list[dict[str, str]]) -> str:
    return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"
