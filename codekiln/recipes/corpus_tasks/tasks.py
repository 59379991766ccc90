"""Analysed functions to problems: one task of each category for which a function has enough evidence."""

from collections.abc import Iterator, Sequence
from typing import Any

from codekiln.data.folders import Rejected
from codekiln.data.records import Problem
from codekiln.recipes.corpus_tasks import prompts, reference_answers
from codekiln.recipes.corpus_tasks.corpus_analysis import AnalysedFunction
from codekiln.recipes.corpus_tasks.docstring_facts import extract_facts, result_section
from codekiln.recipes.corpus_tasks.mutants import Mutant
from codekiln.recipes.corpus_tasks.quota_sampling import category_of
from codekiln.recipes.corpus_tasks.reply_parser import parameter_names
from codekiln.recipes.corpus_tasks.settings import CorpusTasksSettings
from codekiln.recipes.corpus_tasks.slicing import ProgramSlice
from codekiln.recipes.corpus_tasks.split import group_functions

_MUTANTS_PER_TEST_TASK = 3


def build_tasks(
    functions: Sequence[AnalysedFunction], settings: CorpusTasksSettings, needs_reference: bool
) -> tuple[list[Problem], list[Rejected]]:
    """Return the tasks of all functions in the wanted categories, and the rejected ones with their reasons.

    Args:
        functions: The analysed functions.
        settings: The recipe's settings.
        needs_reference: Whether a task must have a reference answer, because no teacher writes one.
    """
    groups = group_functions([item.function for item in functions], settings.alike, settings.min_lines)
    accepted: list[Problem] = []
    rejected: list[Rejected] = []
    for item, group in zip(functions, groups, strict=True):
        for problem, reason in tasks_of(item, group, settings, needs_reference):
            if not settings.shares[category_of(problem)]:
                continue
            if reason:
                rejected.append(Rejected(reason, problem))
            else:
                accepted.append(problem)
    return accepted, rejected


def tasks_of(
    analysed: AnalysedFunction, group: str, settings: CorpusTasksSettings, needs_reference: bool
) -> Iterator[tuple[Problem, str | None]]:
    """Yield each task of a function with None, or with the reason for rejecting it."""
    function = analysed.function
    names = analysed.slice.names if analysed.slice else ()
    for category, reference, extra in _categories(analysed, settings, needs_reference):
        code = extra.pop("shown", None) or prompts.shown_code(category, function)
        problem = Problem(
            task_id=f"{category}/{function.file}:{function.qualname}",
            prompt=prompts.instruction(category, function, code, names),
            entry_point=function.name,
            reference=reference,
            group=group,
            source=f"{settings.corpus_name}:{function.file}:{function.line}",
            licence=settings.corpus_licence,
            reply="text",
            stratum=category,
            grading_context={"category": category, "shown": code, **_function_context(analysed), **extra},
        )
        yield problem, _rejection_reason(problem, settings.max_characters, needs_reference)


def _categories(
    analysed: AnalysedFunction, settings: CorpusTasksSettings, needs_reference: bool
) -> Iterator[tuple[str, str | None, dict[str, Any]]]:
    """Yield (category, reference answer, extra grading context) of each category that a function can serve."""
    function, piece = analysed.function, analysed.slice
    if function.docstring or not needs_reference:
        yield "docstring", reference_answers.docstring(function), {}
        yield "explain", reference_answers.explanation(function, analysed.io_examples), {}
    for mutant in analysed.mutants[:1]:
        if mutant.effect or settings.unproven:
            execution = _execution_context(analysed, piece) if mutant.effect and piece else {}
            yield "bugfix", reference_answers.fix(function, mutant), execution | _mutant_context(mutant)
    # Completions and tests of methods would need the class, which the task does not show.
    if not piece or not analysed.io_examples or function.owner or function.decorators:
        return
    execution = _execution_context(analysed, piece)
    if function.docstring:
        yield "complete", reference_answers.completion(function), execution
    proven = [mutant.text for mutant in analysed.mutants if mutant.effect][:_MUTANTS_PER_TEST_TASK]
    if proven:
        tests = reference_answers.unit_tests(function, analysed.io_examples)
        yield "unit_test", tests, execution | {"mutants": proven}


def _execution_context(analysed: AnalysedFunction, piece: ProgramSlice) -> dict[str, Any]:
    calls = [example.expression for example in analysed.io_examples]
    linked = {"linked": piece.linked} if piece.linked else {}
    return {"before": piece.before, "after": piece.after, "indent": piece.indent, "calls": calls} | linked


def _mutant_context(mutant: Mutant) -> dict[str, Any]:
    effect = mutant.effect or "unproven"
    return {"shown": mutant.text, "kind": mutant.family, "bug_line": mutant.line, "effect": effect}


def _function_context(analysed: AnalysedFunction) -> dict[str, Any]:
    function = analysed.function
    parameters = parameter_names(function.node)
    has_receiver = function.owner and not function.is_static
    return {
        "file": function.file,
        "line": function.line,
        "function": function.qualname,
        "name": function.name,
        "owner": function.owner,
        "text": function.text,
        "parameters": parameters[1:] if has_receiver else parameters,
        "gives": result_section(function),
        "raises": list(dict.fromkeys(name for name, _ in extract_facts(function).raises)),
        "names": list(analysed.slice.names) if analysed.slice else [],
    }


def _rejection_reason(problem: Problem, max_characters: int, needs_reference: bool) -> str | None:
    if problem.reference is None and needs_reference:
        return "no-honest-reply"
    size = len(problem.prompt) + len(problem.reference or problem.grading_context["text"])
    return "too-many-characters" if size > max_characters else None
