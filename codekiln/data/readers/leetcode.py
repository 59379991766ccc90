"""LeetCodeDataset's problems: a method of ``Solution``, called by ``check(candidate)``.

Facts from the card of ``newfacade/LeetCodeDataset``: ``prompt`` is code that runs before the program (imports, classes
of lists and trees), and no text for a model; ``entry_point`` is ``Solution().twoSum``.
"""

from pydantic import BaseModel, ConfigDict

from codekiln.data.python_text import syntax_tree
from codekiln.data.readers.contest import prompt_of, row_error
from codekiln.data.readers.grouping import group_of
from codekiln.data.readers.humaneval import nothing_checked, split_tests
from codekiln.data.records import Problem


class LeetCode(BaseModel):
    """One row of LeetCodeDataset."""

    model_config = ConfigDict(extra="ignore", strict=True)

    task_id: str
    problem_description: str
    starter_code: str
    prompt: str
    completion: str
    entry_point: str
    test: str
    difficulty: str = ""


def from_leetcode(row: LeetCode, where: str, show: int) -> Problem:
    """Make a problem of a row; its statement shows examples already, so all tests are hidden."""
    try:
        module = syntax_tree(row.test)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise row_error(f"not Python: {error}", f"{where}.test") from None
    split = split_tests(module, row.entry_point)
    if not split.tests:
        raise nothing_checked(module, f"{where}.test")
    return Problem(
        task_id=row.task_id,
        prompt=prompt_of(row.problem_description, row.starter_code),
        entry_point=row.entry_point,
        preamble=row.prompt,
        setup=split.setup,
        tests=split.tests,
        reference=row.completion,
        difficulty=row.difficulty or None,
        group=group_of(row.problem_description),
        source="leetcode",
        licence="Apache-2.0",
    )
