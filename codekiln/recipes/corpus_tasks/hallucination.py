"""Hallucination checks: placeholders for unfinished work, and names of things that do not exist."""

import ast
import re
from typing import Any

from codekiln.data.records import Problem
from codekiln.recipes.corpus_tasks.free_names import BUILTINS, free_names
from codekiln.recipes.corpus_tasks.functions import UNFINISHED_MARKS
from codekiln.recipes.corpus_tasks.reply_parser import ParsedReply, parse_program
from codekiln.recipes.corpus_tasks.rubric import documented_parameters
from codekiln.recipes.corpus_tasks.slicing import ProgramSlice

_EMPTY_CODE = re.compile(
    r"\bassert True\b|^\s*\.\.\.\s*$|\b(rest|remainder) of (the|your) (code|function|body)\b", re.I | re.M
)


def placeholders(problem: Problem, text: str) -> list[str]:
    """Return the marks of unfinished work in a reply that are not in the code it was asked about."""
    shown = problem.grading_context["shown"].lower()
    found = [match[0].strip() for pattern in (UNFINISHED_MARKS, _EMPTY_CODE) for match in pattern.finditer(text)]
    return [mark for mark in found if mark.lower() not in shown]


def invented_names(problem: Problem, text: str) -> list[str] | None:
    """Return the names in a reply that do not exist, sorted, or None for a reply without code.

    In a docstring these are parameters that the function does not have; in a program, free names that neither the
    module nor Python binds. Explanations are not checked.
    """
    category = problem.grading_context["category"]
    if category == "explain" or not text.strip():
        return None
    if category == "docstring":
        existing = {name.lstrip("*") for name in problem.grading_context["parameters"]} | {"self"}
        return sorted(documented_parameters(problem, text) - existing)
    reply = ParsedReply(text)
    if reply.tree is None:
        return None
    return sorted(free_names(reply.tree) - _bound_names(problem.grading_context) - BUILTINS)


def _bound_names(context: dict[str, Any]) -> set[str]:
    """Return the names that a reply may use: those of the function and of its program slice."""
    piece = ProgramSlice(context.get("before", ""), context.get("after", ""), context.get("indent", 0))
    known = {*context["names"], context["name"], context["owner"]}
    tree = parse_program(piece.program(context["text"]))
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Name):
            known.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            known.add(node.name)
        elif isinstance(node, ast.alias):
            known.add((node.asname or node.name).split(".")[0])
    return known
