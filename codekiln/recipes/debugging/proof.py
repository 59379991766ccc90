"""A correct program is only taken for one when it runs on all of its trials, and twice to the same result."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from codekiln.code.mutation import compiles
from codekiln.code.mutation.proof import Trials
from codekiln.data.normalise import parse
from codekiln.recipes.debugging.input_synthesis import guesses, reads_input
from codekiln.recipes.debugging.material import Material
from codekiln.sandbox.limits import Limits
from codekiln.sandbox.observe import Observation, Run, observe

GUESSED = 4
"""So many of the guessed inputs are kept: more make every proof slower and seldom show more."""


@dataclass(frozen=True)
class Flaw:
    """Why a program cannot be used: a kebab-case reason, and what a teacher has to know to mend it."""

    material: Material
    reason: str
    text: str


def trials_of(material: Material) -> Trials:
    """Return what a material's program, and every change of it, is tried on."""
    return Trials(calls=material.calls, stdins=material.stdins)


def proof_of(correct: str, changed: str, trials: Trials) -> tuple[str, str, Trials]:
    """Return what `codekiln.code.mutation.proof` is asked of a changed program.

    One that does not compile fails whatever it is tried on, so a single trial is enough for it.
    """
    with contextlib.suppress(SyntaxError):  # nested too deep to say: the sandbox finds out
        if trials.stdins and not compiles(changed):
            return correct, changed, Trials(stdins=trials.stdins[:1])
    return correct, changed, trials


def prove(
    materials: Sequence[Material], *, workers: int | None = None, limits: Limits | None = None, label: str = ""
) -> tuple[list[Material], list[Flaw]]:
    """Return the materials whose programs can be used, with inputs where they had none, and what is wrong with others.

    A program is run on every trial, and again as a different text, so that one that draws numbers or asks for the time
    is found out. The order of a set is always the same in the sandbox, and so is not.
    """
    parsed, flaws = [], []
    for material in materials:
        try:
            parse(material.program)
        except SyntaxError as error:
            flaws.append(Flaw(material, "does-not-parse", f"is not a Python program: line {error.lineno}: {error.msg}"))
        else:
            parsed.append(material)
    plans = [_runs(material) for material in parsed]
    seen = iter(observe([run for plan in plans for run in plan], workers=workers, limits=limits, label=label))
    proven = []
    for material, plan in zip(parsed, plans, strict=True):
        found = _examined(material, [next(seen) for _ in plan])
        (flaws if isinstance(found, Flaw) else proven).append(found)
    return proven, flaws


def is_guessed(material: Material) -> bool:
    """Say whether a material's inputs are not known, so that ``prove`` will guess them."""
    return not material.stdins and not material.calls


def _runs(material: Material) -> list[Run]:
    """Return every trial twice: once as it is, once with a line after it that does nothing."""
    stdins = guesses(material.program) if is_guessed(material) else material.stdins
    runs = [Run(material.program, stdin=text) for text in stdins]
    runs += [Run(material.program, calls=material.calls)] if material.calls else []
    return [again for run in runs for again in (run, replace(run, program=run.program + "\n#\n"))]


def _examined(material: Material, seen: list[Observation]) -> Material | Flaw:
    first, second = seen[::2], seen[1::2]
    if is_guessed(material):
        return _guessed(material, first, second)
    for number, (one, other) in enumerate(zip(first, second, strict=True), start=1):
        is_call = number > len(material.stdins)
        where = "its calls" if is_call else f"stdin {number}"
        if trouble := _trouble(one, where, material):
            return Flaw(material, *trouble)
        if not _same(one, other):
            return _unsteady(material, where)
    return material if any(map(_shows, first)) else _silent(material)


def _guessed(material: Material, first: list[Observation], second: list[Observation]) -> Material | Flaw:
    """Keep guessed inputs that the program accepts and that show something new."""
    scripts = guesses(material.program)
    kept: dict[str, str] = {}
    for text, one, other in zip(scripts, first, second, strict=True):
        if _ended(one):
            if not _same(one, other):
                return _unsteady(material, f"the input {text!r}")
            kept.setdefault(one.printed, text)
    if kept:
        found = replace(material, stdins=tuple(kept.values())[:GUESSED])
        return found if any(kept) else _silent(material)
    if not reads_input(material.program):
        return Flaw(material, *_trouble(first[0], "no input", material))
    text = f"reads input, and none of {len(scripts)} guessed inputs suits it; the last try: {_story(first[-1])}"
    return Flaw(material, "input-unknown", text)


def _trouble(one: Observation, where: str, material: Material) -> tuple[str, str] | None:
    for call, result in zip(material.calls, one.results, strict=False):
        if result.error:
            return "call-raises", f"{call} raises {result.error}: {result.message}"
    if _ended(one):
        return None
    if one.error == "EOFError":
        return "wants-more-input", f"wants more input than {where} gives, in line {one.line}"
    return "does-not-run", f"does not run with {where}: {_story(one)}"


def _story(one: Observation) -> str:
    return f"line {one.line}: {one.error}: {one.message}" if one.error else f"{one.ending}: {one.message}"


def _unsteady(material: Material, where: str) -> Flaw:
    text = f"does not do the same twice on {where}; leave out chance and the time"
    return Flaw(material, "not-deterministic", text)


def _silent(material: Material) -> Flaw:
    text = "prints nothing and there are no calls, so that no error in it could be seen"
    return Flaw(material, "shows-nothing", text)


def _ended(one: Observation) -> bool:
    return one.ending == "ended" and one.code == 0


def _shows(one: Observation) -> bool:
    return bool(one.printed.strip() or one.results)


def _same(one: Observation, other: Observation) -> bool:
    return (one.printed, one.results) == (other.printed, other.results)
