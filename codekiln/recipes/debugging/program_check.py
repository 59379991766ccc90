"""Checks of the correct programs: each must run on all of its trials, twice to the same result, and show something."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from codekiln.code.mutation import compiles
from codekiln.code.mutation.proof import Trials
from codekiln.data.normalise import parse
from codekiln.recipes.debugging.input_search import search_inputs
from codekiln.recipes.debugging.input_search.instrumentation import draws_numbers, reads_input
from codekiln.recipes.debugging.material import ExerciseMaterial
from codekiln.sandbox.limits import Limits
from codekiln.sandbox.observe import Observation, Run, observe


@dataclass(frozen=True)
class ProgramFlaw:
    """Why a program cannot be used: a kebab-case reason, and a text that helps an educator to correct it."""

    material: ExerciseMaterial
    reason: str
    text: str


def classification_job(correct: str, changed: str, trials: Trials) -> tuple[str, str, Trials]:
    """Return the job for `codekiln.code.mutation.proof.classify_many` of a changed program.

    A program that does not compile fails on every trial, so a single one is enough for it.
    """
    # `compiles` raises for a program that is nested too deep; the sandbox classifies it.
    with contextlib.suppress(SyntaxError):
        if trials.stdins and not compiles(changed):
            return correct, changed, replace(trials, calls=(), stdins=trials.stdins[:1])
    return correct, changed, trials


def check_programs(
    materials: Sequence[ExerciseMaterial], *, workers: int | None = None, limits: Limits | None = None, label: str = ""
) -> tuple[list[ExerciseMaterial], list[ProgramFlaw]]:
    """Return the materials whose programs can be used, with inputs where they had none, and the flaws of the others.

    A program is run on every trial, and again as a different text, so that one that depends on the time is noticed. The
    order of a set is always the same in the sandbox, and so are random numbers, so a dependence on them is not noticed.
    """
    parsed: list[ExerciseMaterial] = []
    flaws: list[ProgramFlaw] = []
    for material in materials:
        try:
            parse(material.program)
        except SyntaxError as error:
            flaws.append(
                ProgramFlaw(material, "does-not-parse", f"is not a Python program: line {error.lineno}: {error.msg}")
            )
        else:
            parsed.append(material)
    inputs = _inputs(parsed, workers, limits, label)
    plans = [_runs(material, inputs.get(material.name, list(material.stdins))) for material in parsed]
    seen = iter(observe([run for plan in plans for run in plan], workers=workers, limits=limits, label=label))
    usable: list[ExerciseMaterial] = []
    for material, plan in zip(parsed, plans, strict=True):
        found = _check(material, inputs.get(material.name), [next(seen) for _ in plan])
        if isinstance(found, ProgramFlaw):
            flaws.append(found)
        else:
            usable.append(found)
    return usable, flaws


def needs_inputs(material: ExerciseMaterial) -> bool:
    """Return whether a material came without trials, so that `check_programs` synthesises inputs."""
    return not material.stdins and not material.calls


def _inputs(
    materials: Sequence[ExerciseMaterial], workers: int | None, limits: Limits | None, label: str
) -> dict[str, list[str]]:
    """Return inputs for the materials that need some, by name; a program that reads nothing has the empty text."""
    wanting = [item for item in materials if needs_inputs(item)]
    readers = [item for item in wanting if reads_input(item.program) or draws_numbers(item.program)]
    label = f"{label}, inputs" if label else ""
    found = search_inputs([item.program for item in readers], workers=workers, limits=limits, label=label)
    return {item.name: [""] for item in wanting} | {
        item.name: texts for item, texts in zip(readers, found, strict=True)
    }


def _runs(material: ExerciseMaterial, stdins: Sequence[str]) -> list[Run]:
    """Return every trial twice: once unchanged, once with a comment after the program."""
    runs = replace(material, stdins=tuple(stdins)).trials.runs(material.program)
    # `observe` runs equal texts once, so the second run needs another text.
    return [again for run in runs for again in (run, replace(run, program=run.program + "\n#\n"))]


def _check(
    material: ExerciseMaterial, inputs: list[str] | None, seen: list[Observation]
) -> ExerciseMaterial | ProgramFlaw:
    first, second = seen[::2], seen[1::2]
    if inputs is not None:
        return _keep_inputs(material, inputs, first, second)
    # As `Trials.runs` has them: the calls, if there are any, and then the inputs.
    for number, (one, other) in enumerate(zip(first, second, strict=True), start=0 if material.calls else 1):
        where = f"stdin {number}" if number else "its calls"
        if failure := _failure(one, where, material):
            return ProgramFlaw(material, *failure)
        if not _same(one, other):
            return _not_deterministic(material, where)
    return material if any(map(_shows_something, first)) else _shows_nothing(material)


def _keep_inputs(
    material: ExerciseMaterial, inputs: list[str], first: list[Observation], second: list[Observation]
) -> ExerciseMaterial | ProgramFlaw:
    """Keep inputs that were found and that the program accepts."""
    kept: list[str] = []
    for text, one, other in zip(inputs, first, second, strict=False):
        if _ended(one):
            if not _same(one, other):
                return _not_deterministic(material, f"the input {text!r}")
            kept.append(text)
        elif draws_numbers(material.program):
            break  # the place of an input is the seed of its random numbers, so none is left out between others
    if kept:
        shows = any(map(_shows_something, first))
        return replace(material, stdins=tuple(kept)) if shows else _shows_nothing(material)
    if not reads_input(material.program):
        return ProgramFlaw(material, *_run_failure(first[0], "no input"))
    text = "reads input, and none that was tried makes it end without an exception; give inputs that suit it"
    return ProgramFlaw(material, "input-unknown", text)


def _failure(one: Observation, where: str, material: ExerciseMaterial) -> tuple[str, str] | None:
    for call, result in zip(material.calls, one.results, strict=False):
        if result.error:
            return "call-raises", f"{call} raises {result.error}: {result.message}"
    return None if _ended(one) else _run_failure(one, where)


def _run_failure(one: Observation, where: str) -> tuple[str, str]:
    """Return reason and text for a run that did not end normally."""
    if one.error == "EOFError":
        return "wants-more-input", f"wants more input than {where} gives, in line {one.line}"
    return "does-not-run", f"does not run with {where}: {_describe(one)}"


def _describe(one: Observation) -> str:
    return f"line {one.line}: {one.error}: {one.message}" if one.error else f"{one.ending}: {one.message}"


def _not_deterministic(material: ExerciseMaterial, where: str) -> ProgramFlaw:
    text = f"does not do the same twice on {where}; leave out chance and the time"
    return ProgramFlaw(material, "not-deterministic", text)


def _shows_nothing(material: ExerciseMaterial) -> ProgramFlaw:
    text = "prints nothing and there are no calls, so that no error in it could be seen"
    return ProgramFlaw(material, "shows-nothing", text)


def _ended(one: Observation) -> bool:
    return one.ending == "ended" and one.code == 0


def _shows_something(one: Observation) -> bool:
    return bool(one.printed.strip() or one.results)


def _same(one: Observation, other: Observation) -> bool:
    return (one.printed, one.results) == (other.printed, other.results)
