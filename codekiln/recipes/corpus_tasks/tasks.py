"""From a function, and what was found out about it, to a problem of each category that it can honestly serve."""

from collections.abc import Iterator
from dataclasses import dataclass

from codekiln.data.records import Problem
from codekiln.recipes.corpus_tasks import prompts, reference_answers
from codekiln.recipes.corpus_tasks.docstring_facts import facts, gives
from codekiln.recipes.corpus_tasks.functions import Function
from codekiln.recipes.corpus_tasks.mutants import Bug
from codekiln.recipes.corpus_tasks.reply_parser import signature
from codekiln.recipes.corpus_tasks.slicing import Slice
from codekiln.recipes.corpus_tasks.trials import Trial

_CATCHES = 3


@dataclass(frozen=True)
class Known:
    """A function with what was found out about it.

    Attributes:
        function: The function.
        slice: The program it goes into; None where it cannot be cut out.
        trials: Calls and what it gave; empty where it cannot be run.
        bugs: Its mutants, those that are proven first.
    """

    function: Function
    slice: Slice | None = None
    trials: tuple[Trial, ...] = ()
    bugs: tuple[Bug, ...] = ()


@dataclass(frozen=True)
class Terms:
    """What all problems of a data set have in common.

    Attributes:
        source: Name of the corpus.
        licence: Its licence.
        longest: Most characters of a task and its reference together.
        needs_gold: Whether a task must have a reply that the source itself gives.
        unproven: Whether mutants that are not proven may be used.
    """

    source: str
    licence: str
    longest: int
    needs_gold: bool
    unproven: bool = False


def problems_of(known: Known, group: str, terms: Terms) -> Iterator[tuple[Problem, str | None]]:
    """Yield each problem a function makes, with None, or with the reason why it is left out."""
    for category, reference, more in _tasks(known, terms):
        function = known.function
        code = more.pop("shown", None) or prompts.shown(category, function)
        names = known.slice.names if known.slice else ()
        prompt = prompts.instruction(category, function, code, names)
        problem = Problem(
            task_id=f"{category}/{function.file}:{function.qualname}",
            prompt=prompt,
            entry_point=function.name,
            reference=reference,
            group=group,
            source=f"{terms.source}:{function.file}:{function.line}",
            licence=terms.licence,
            reply="text",
            stratum=category,
            grading_context={"category": category, "shown": code, **_about(known), **more},
        )
        yield problem, _reason(problem, terms)


def _tasks(known: Known, terms: Terms) -> Iterator[tuple[str, str | None, dict]]:
    """Yield (category, reference, further facts) of what a function is fit for."""
    function = known.function
    is_plain = not function.owner and not function.decorators
    if function.docstring or not terms.needs_gold:
        yield "docstring", reference_answers.docstring(function), {}
        yield "explain", reference_answers.explanation(function, known.trials), {}
    for bug in known.bugs[:1]:
        if bug.effect or terms.unproven:
            run = _running(known) if bug.effect else {}
            marks = {"shown": bug.text, "kind": bug.kind, "bug_line": bug.line, "effect": bug.effect or "unproven"}
            yield "bugfix", reference_answers.fix(function, bug.line, bug.why), run | marks
    if known.trials and is_plain and function.docstring:
        yield "complete", reference_answers.completion(function), _running(known)
    caught = [bug.text for bug in known.bugs if bug.effect][:_CATCHES]
    if caught and is_plain:
        yield "unit_test", reference_answers.tests(function, known.trials), _running(known) | {"mutants": caught}


def _running(known: Known) -> dict:
    piece = known.slice
    calls = [trial.expression for trial in known.trials]
    return {"before": piece.before, "after": piece.after, "indent": piece.indent, "calls": calls}


def _about(known: Known) -> dict:
    function = known.function
    own = signature(function.node)
    bound = function.owner and not function.is_static
    return {
        "file": function.file,
        "line": function.line,
        "function": function.qualname,
        "name": function.name,
        "owner": function.owner,
        "text": function.text,
        "parameters": own[1:] if bound else own,
        "gives": gives(function),
        "raises": list(dict.fromkeys(name for name, _ in facts(function).raises)),
        "names": list(known.slice.names) if known.slice else [],
    }


def _reason(problem: Problem, terms: Terms) -> str | None:
    if problem.reference is None and terms.needs_gold:
        return "no-honest-reply"
    size = len(problem.prompt) + len(problem.reference or problem.grading_context["text"])
    return "too-many-characters" if size > terms.longest else None
