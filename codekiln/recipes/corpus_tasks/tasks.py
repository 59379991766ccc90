"""Analysed functions to problems: one task of each category for which a function has enough evidence."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from codekiln.data.folders import Rejected
from codekiln.data.records import Problem
from codekiln.recipes.corpus_tasks import prompts, reference_answers
from codekiln.recipes.corpus_tasks.corpus_analysis import AnalysedFunction
from codekiln.recipes.corpus_tasks.docstring_facts import extract_facts, result_section
from codekiln.recipes.corpus_tasks.functions import Function
from codekiln.recipes.corpus_tasks.io_examples import IOExample
from codekiln.recipes.corpus_tasks.module_context import unstated_constants, unstated_members
from codekiln.recipes.corpus_tasks.mutants import Mutant
from codekiln.recipes.corpus_tasks.quota_sampling import category_of
from codekiln.recipes.corpus_tasks.reply_parser import parameter_names
from codekiln.recipes.corpus_tasks.settings import CorpusTasksSettings
from codekiln.recipes.corpus_tasks.slicing import ProgramSlice
from codekiln.recipes.corpus_tasks.split import group_functions

_MUTANTS_PER_TEST_TASK = 3
_OUTCOMES = 3


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
    for draft in _drafts(analysed, settings, needs_reference):
        code = draft.shown or prompts.shown_code(draft.category, function)
        problem = Problem(
            task_id=f"{draft.category}/{function.file}:{function.qualname}",
            prompt=prompts.instruction(
                draft.category, function, code, context=draft.context or "", symptom=draft.symptom,
                form=settings.reply_form,
            ),
            entry_point=function.name,
            reference=draft.reference,
            group=group,
            source=f"{settings.corpus_name}:{function.file}:{function.line}",
            licence=settings.corpus_licence,
            reply="text",
            stratum=draft.category,
            grading_context={
                "category": draft.category, "shown": code, **_function_context(analysed), **draft.grading,
            },
        )  # fmt: skip
        yield problem, _rejection_reason(draft, problem, function, settings.max_characters, needs_reference)


@dataclass(frozen=True)
class _Draft:
    """A task before its prompt is written.

    Attributes:
        category: Its category.
        reference: Its reference answer; None where the source does not say enough for one.
        shown: The code that it shows; empty: that of its category.
        context: What it shows of the module; None where that would be too much, or is not known.
        symptom: A call on which its bug can be seen.
        grading: Further grading context.
        reason: Why it is no task.
    """

    category: str
    reference: str | None
    shown: str = ""
    context: str | None = ""
    symptom: str = ""
    grading: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


def _drafts(analysed: AnalysedFunction, settings: CorpusTasksSettings, needs_reference: bool) -> Iterator[_Draft]:
    """Yield a draft of each category that a function can serve."""
    function, piece = analysed.function, analysed.slice
    if function.docstring or not needs_reference:
        yield _Draft("docstring", reference_answers.docstring(function))
        yield _Draft("explain", reference_answers.explanation(function, analysed.io_examples))
    for mutant in analysed.mutants[:1]:
        if mutant.effect or settings.unproven:
            yield _bugfix(analysed, mutant, settings.reply_form)
    examples = [item for item in analysed.io_examples if item.is_sensible]
    is_run = piece is not None and _is_varied(examples) and not _has_faked_decorator(function, piece)
    execution = _execution_context(examples, piece) if is_run and piece else {}
    if function.docstring:
        # A completion that cannot be run still has its author's code as the answer.
        yield _Draft("complete", reference_answers.completion(function), context=analysed.interface, grading=execution)
    proven = [mutant.text for mutant in analysed.mutants if mutant.effect][:_MUTANTS_PER_TEST_TASK]
    if proven and not any("property" in text for text in function.decorators):
        tests = reference_answers.unit_tests(function, examples)
        grading = execution | {"mutants": proven}
        reason = "" if is_run else "no-sensible-inputs"
        yield _Draft("unit_test", tests, context=analysed.helpers, grading=grading, reason=reason)


def _bugfix(analysed: AnalysedFunction, mutant: Mutant, form: prompts.ReplyForm) -> _Draft:
    execution = _execution_context(analysed.io_examples, analysed.slice) if mutant.effect and analysed.slice else {}
    return _Draft(
        "bugfix", reference_answers.fix(analysed.function, mutant, form), mutant.text, symptom=mutant.symptom,
        grading=execution | _mutant_context(mutant) | {"reply_form": form},
    )  # fmt: skip


def _is_varied(examples: Sequence[IOExample]) -> bool:
    """Tell whether examples tell programs apart: three outcomes, or both truth values."""
    returned = [item for item in examples if not item.raises]
    needed = 2 if all(isinstance(item.value, bool) for item in returned) else _OUTCOMES
    return len({item.effect for item in returned}) >= needed


def _has_faked_decorator(function: Function, piece: ProgramSlice) -> bool:
    names = {word for text in function.decorators for word in re.findall(r"\w+", text)}
    return not names.isdisjoint(piece.faked)


def _execution_context(examples: Sequence[IOExample], piece: ProgramSlice) -> dict[str, Any]:
    calls = [example.expression for example in examples]
    linked = {"linked": piece.linked} if piece.linked else {}
    return {"before": piece.before, "after": piece.after, "indent": piece.indent, "calls": calls} | linked


def _mutant_context(mutant: Mutant) -> dict[str, Any]:
    effect = mutant.effect or "unproven"
    return {"kind": mutant.family, "bug_line": mutant.line, "effect": effect}


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


def _rejection_reason(
    draft: _Draft, problem: Problem, function: Function, max_characters: int, needs_reference: bool
) -> str | None:
    if draft.context is None:
        return "module-not-shown"
    if draft.reason:
        return draft.reason
    if problem.reference is None and needs_reference:
        return "no-honest-reply"
    if draft.category == "complete":
        facts = extract_facts(function)
        if not facts.summary or (result_section(function) and not facts.results):
            return "not-described"
        if unstated_constants(function, problem.prompt):
            return "constants-not-given"
        if unstated_members(function, problem.prompt):
            return "members-not-given"
    size = len(problem.prompt) + len(problem.reference or problem.grading_context["text"])
    return "too-many-characters" if size > max_characters else None
