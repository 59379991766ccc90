"""The formats that problems come in, and what each becomes."""

import ast
import builtins
import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from codekiln.data.places import item_name
from codekiln.data.python_text import syntax_tree
from codekiln.data.readers.evalplus import origin_test
from codekiln.data.readers.grouping import group_of
from codekiln.data.readers.humaneval import SplitTests, nothing_checked, split_tests
from codekiln.data.records import Problem
from codekiln.data.replies import extract_code
from codekiln.errors import InputError, InputErrors

_FIX = "correct or remove the row"


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class Mbpp(_Row):
    """One row of mbpp.jsonl."""

    task_id: int | str
    text: str
    code: str
    test_list: list[str] = Field(min_length=1)
    test_setup_code: str = ""
    challenge_test_list: list[str] = []


class SanitizedMbpp(_Row):
    """One row of sanitized-mbpp.json; MbppPlus-OriginFmt.jsonl has the same fields and ``test``."""

    task_id: int | str
    prompt: str
    code: str
    test_list: list[str] = Field(min_length=1)
    test_imports: list[str] = []
    test: str = ""


class HumanEval(_Row):
    """One row of HumanEval.jsonl; HumanEvalPlus-OriginFmt.jsonl has the same fields."""

    task_id: str
    prompt: str
    entry_point: str
    canonical_solution: str
    test: str


class AceCode(_Row):
    """One row of AceCode-87K or AceCode-V2-122K."""

    id: str
    question: str
    test_cases: list[str] = Field(min_length=1)
    inferences: list[dict[str, Any]] | None = Field(None, description="replies of models, with pass_rate")


def from_mbpp(row: Mbpp, where: str, show: int) -> Problem:
    """Make a problem of a row of MBPP, its code with LF line ends; ``show`` tests are visible, the others hidden."""
    return _mbpp_problem(
        where, show, row.task_id, row.text, row.code, setup=row.test_setup_code,
        tests=row.test_list, more=row.challenge_test_list,
    )  # fmt: skip


def from_sanitized(row: SanitizedMbpp, where: str, show: int) -> Problem:
    """Make a problem of a row of sanitized MBPP, as ``from_mbpp`` does; ``test`` grades too where there is one."""
    setup = "\n".join(row.test_imports)
    problem = _mbpp_problem(where, show, row.task_id, row.prompt, row.code, setup=setup, tests=row.test_list, more=[])
    if not row.test.strip():
        return problem
    module = _parsed(where, {".test": row.test})[".test"]
    plus = origin_test(module, problem.entry_point, is_mbpp=True) if problem.entry_point else None
    # The inputs of the plus test contain those of the others.
    return problem.model_copy(update={"tests": (plus,) if plus else (*problem.tests, row.test)})


def from_acecode(row: AceCode, where: str, show: int) -> Problem:
    """Make a problem of a row, as ``from_mbpp`` does; the reference is of the first reply that passed every test."""
    name = row.id if "/" in row.id else f"AceCode/{row.id}"
    problem = _mbpp_problem(
        where, show, name, row.question, "", setup="", tests=row.test_cases, more=[], field="test_cases"
    )
    passed = (str(reply.get("completion")) for reply in row.inferences or () if reply.get("pass_rate") == 1)
    reference = extract_code(next(passed, ""), problem.entry_point) or None
    return problem.model_copy(update={"reference": reference, "source": "acecode", "licence": "MIT"})


def _mbpp_problem(
    where: str,
    show: int,
    task_id: int | str,
    text: str,
    code: str,
    *,
    setup: str,
    tests: list[str],
    more: list[str],
    field: str = "test_list",
) -> Problem:
    code, setup, *all_tests = (re.sub("\r\n?", "\n", part) for part in (code, setup, *tests, *more))
    lists = {field: tests, "challenge_test_list": more}
    places = [f", {item_name(name, number, items)}" for name, items in lists.items() for number in range(len(items))]
    trees = _parsed(where, dict(zip(places, all_tests, strict=True)) | {".test_setup_code": setup})
    shown = min(show, len(tests)) if len(all_tests) > show else 0
    return Problem(
        task_id=str(task_id) if "/" in str(task_id) else f"Mbpp/{task_id}",
        prompt=text,
        entry_point=_called(trees[places[0]], code),
        setup=setup,
        visible_tests=tuple(all_tests[:shown]),
        tests=tuple(all_tests[shown:]),
        reference=code,
        group=group_of(text),
        source="mbpp",
        licence="CC-BY-4.0",
    )


def from_humaneval(row: HumanEval, where: str, show: int) -> Problem:
    """Make a problem of a row of HumanEval; its prompt shows examples already, so all tests are hidden."""
    module = _parsed(where, {".test": row.test})[".test"]
    plus = origin_test(module, row.entry_point, is_mbpp=False)
    split = SplitTests("", (plus,)) if plus else split_tests(module, row.entry_point)
    if not split.tests:
        raise nothing_checked(module, f"{where}.test")
    return Problem(
        task_id=row.task_id,
        prompt=row.prompt,
        entry_point=row.entry_point,
        setup=split.setup,
        tests=split.tests,
        reference=row.prompt + row.canonical_solution,
        group=group_of(row.prompt),
        source="humaneval",
        licence="MIT",
    )


def from_plain(row: Problem, where: str, show: int) -> Problem:
    """Return the problem itself, its tests proven to be Python; a benchmark is what a run makes of it."""
    tests = {
        f", {item_name(field, number, getattr(row, field))}": test
        for field in ("tests", "visible_tests")
        for number, test in enumerate(getattr(row, field))
        if isinstance(test, str)
    }
    _parsed(where, tests | {".preamble": row.preamble, ".setup": row.setup})
    return row.model_copy(update={"benchmark": ""})


def unreadable_tests(row: Any, where: str) -> list[InputError]:
    """Return what is wrong with the tests of a row that has other mistakes: each that is a text and not Python."""
    sources = {
        f", {item_name(field, number, row[field])}": test
        for field in ("tests", "visible_tests", "test_list", "challenge_test_list")
        if isinstance(row, dict) and isinstance(row.get(field), list)
        for number, test in enumerate(row[field])
        if isinstance(test, str)
    }
    try:
        _parsed(where, sources)
    except InputErrors as found:
        return list(found.errors)
    return []


def _parsed(where: str, sources: dict[str, str]) -> dict[str, ast.Module]:
    """Return the syntax trees of sources by their places; raises InputErrors that name each that is not Python."""
    errors, trees = [], {}
    for place, source in sources.items():
        try:
            trees[place] = syntax_tree(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            errors.append(InputError(f"not Python: {error}", where=f"{where}{place}", fix=_FIX))
    if errors:
        raise InputErrors(errors)
    return trees


def _called(test: ast.Module, code: str) -> str | None:
    """Return the function that ``test`` calls: one that ``code`` defines, or else one that is no built-in."""
    names = [node.func.id for node in ast.walk(test) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    try:
        defined = {node.name for node in syntax_tree(code).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        defined = set()
    chosen = [name for name in names if name in defined] or [name for name in names if not hasattr(builtins, name)]
    return chosen[0] if chosen else None
