"""What replies make up: marks of unfinished work, and names of things that do not exist."""

import ast
import re

from codekiln.data.records import Problem
from codekiln.recipes.corpus_tasks.functions import MARKS
from codekiln.recipes.corpus_tasks.reply_checks import documented
from codekiln.recipes.corpus_tasks.reply_parser import Reply, parsed
from codekiln.recipes.corpus_tasks.slicing import BUILTINS, Slice, needs

_HOLLOW = re.compile(
    r"\bassert True\b|^\s*\.\.\.\s*$|\b(rest|remainder) of (the|your) (code|function|body)\b", re.I | re.M
)


def placeholders(problem: Problem, text: str) -> list[str]:
    """Return the marks of unfinished work in a reply, those aside that the code it was asked about has as well."""
    given = problem.grading_context["shown"].lower()
    found = [match[0].strip() for pattern in (MARKS, _HOLLOW) for match in pattern.finditer(text)]
    return [mark for mark in found if mark.lower() not in given]


def invented(problem: Problem, text: str) -> list[str] | None:
    """Return names in a reply that nothing has, sorted, or None where there is nothing to look at.

    Of a docstring: parameters that the function does not have. Of a program: names that are read and bound nowhere,
    neither by itself nor by the module nor by Python.
    """
    category = problem.grading_context["category"]
    if category == "explain" or not text.strip():
        return None
    if category == "docstring":
        return sorted(
            documented(problem, text) - {name.lstrip("*") for name in problem.grading_context["parameters"]} - {"self"}
        )
    reply = Reply(text)
    if reply.tree is None:
        return None
    return sorted(needs(reply.tree) - _known(problem.grading_context) - BUILTINS)


def _known(facts: dict) -> set[str]:
    around = Slice(facts.get("before", ""), facts.get("after", ""), facts.get("indent", 0)).program(facts["text"])
    known = {*facts["names"], facts["name"], facts["owner"]}
    tree = parsed(around)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Name):
            known.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            known.add(node.name)
        elif isinstance(node, ast.alias):
            known.add((node.asname or node.name).split(".")[0])
    return known
