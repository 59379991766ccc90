"""From a corpus to functions with what was found out about them: read, thinned out, cut, run, and given bugs."""

import ast
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from codekiln.data import near_duplicates
from codekiln.data.folders import Rejected
from codekiln.data.records import Problem
from codekiln.progress import progress
from codekiln.recipes.corpus_tasks import mutants
from codekiln.recipes.corpus_tasks.functions import Function, functions_of
from codekiln.recipes.corpus_tasks.slicing import Module, Slice
from codekiln.recipes.corpus_tasks.source import Corpus, Source
from codekiln.recipes.corpus_tasks.tasks import Known
from codekiln.recipes.corpus_tasks.trials import Runnable, try_out
from codekiln.sandbox.limits import Limits


@dataclass(frozen=True)
class Plan:
    """How much is looked at, and how hard.

    Attributes:
        shortest: Least lines of a function.
        longest: Most lines of a function.
        characters: Most characters of a function.
        functions: At most so many functions in all.
        per_file: At most so many functions of a file.
        duplicate: Similarity from which the later of two functions is left out.
        outcomes: Least number of different results on the trials.
        trials: Most trials of a function.
        mutants: Mutants tried per function.
        families: Families of mutations; empty: all that aim at logical errors.
        unproven: Whether functions that cannot be run are given mutants too.
        seed: Seeds every choice.
    """

    shortest: int
    longest: int
    characters: int
    functions: int
    per_file: int
    duplicate: float
    outcomes: int
    trials: int
    mutants: int
    families: tuple[str, ...]
    unproven: bool
    seed: int


@dataclass(frozen=True)
class Cut:
    """A function, its class where it is a method, and its slice or the reason why it has none."""

    function: Function
    owner: ast.ClassDef | None
    slice: Slice | str


@dataclass
class Survey:
    """What was found in a corpus."""

    known: list[Known] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


def survey(corpus: Corpus, plan: Plan, *, workers: int | None, limits: Limits) -> Survey:
    """Return the functions of a corpus with slices, trials and mutants, and everything left out with its reason.

    Files are taken in an order that the seed decides, until there are enough functions.

    Args:
        corpus: The tree.
        plan: How much is looked at.
        workers: Programs run at the same time; None: one per core.
        limits: What each run may use.
    """
    found = Survey()
    cuts = _distinct(list(_collect(corpus, plan, found)), plan, found)
    sliced = [cut for cut in cuts if isinstance(cut.slice, Slice)]
    tried = try_out(
        [(cut.function, cut.slice, cut.owner) for cut in sliced],
        outcomes=plan.outcomes, most=plan.trials, seed=plan.seed, workers=workers, limits=limits,
        label="check: trying functions",
    )  # fmt: skip
    runnable = [item for item in tried if isinstance(item, Runnable)]
    proven = mutants.prove(
        runnable, seed=plan.seed, most=plan.mutants, families=plan.families, workers=workers, limits=limits,
        label="check: proving bugs",
    )  # fmt: skip
    by_name = {
        _name(item.function): (item, made) for item, made in zip(runnable, mutants.balanced(proven), strict=True)
    }
    reasons = {_name(cut.function): item for cut, item in zip(sliced, tried, strict=True) if isinstance(item, str)}
    for cut in cuts:
        found.known.append(_known(cut, by_name.get(_name(cut.function)), plan))
        reason = cut.slice if isinstance(cut.slice, str) else reasons.get(_name(cut.function))
        if reason:
            found.rejected.append(_rejected(f"cannot-run-{reason}", cut.function))
    return found


def _collect(corpus: Corpus, plan: Plan, found: Survey) -> Iterator[Cut]:
    """Yield functions file by file, those with a slice first, the others up to a quarter of ``per_file``."""
    paths, skipped = corpus.paths()
    found.rejected += [Rejected(reason, _as_row(path, "")) for path, reason in skipped.items()]
    rng = random.Random(f"{plan.seed}:files")
    rng.shuffle(paths)
    taken = 0
    with progress("check: reading functions", plan.functions, "functions") as step:
        for path in paths:
            source = corpus.read(path)
            if isinstance(source, str):
                found.rejected.append(Rejected(source, _as_row(path, "")))
                continue
            cuts = _of_file(source, plan, found)[: plan.functions - taken]
            yield from cuts
            taken += len(cuts)
            step(len(cuts))
            if taken >= plan.functions:
                return


def _of_file(source: Source, plan: Plan, found: Survey) -> list[Cut]:
    usable: dict[str, Function] = {}
    for function, reason in functions_of(source, plan.shortest, plan.longest):
        reason = reason or ("redefined" if function.qualname in usable else None)
        reason = reason or ("too-many-characters" if len(function.text) > plan.characters else None)
        if reason:
            found.rejected.append(_rejected(reason, function))
        else:
            usable[function.qualname] = function
    if not usable:
        return []
    module = Module(source)
    classes = {node.name: node for node in source.tree.body if isinstance(node, ast.ClassDef)}
    waiting = list(usable.values())
    random.Random(f"{plan.seed}:{source.path}").shuffle(waiting)
    sliced, others = [], []
    while waiting and len(sliced) < plan.per_file:
        function = waiting.pop()
        cut = Cut(function, classes.get(function.owner), module.cut(function))
        (others if isinstance(cut.slice, str) else sliced).append(cut)
    room = max(1, min(plan.per_file - len(sliced), plan.per_file // 4))
    left = [cut.function for cut in others[room:]] + waiting
    found.rejected += [_rejected("enough-of-this-file", function) for function in left]
    return sliced + others[:room]


def _distinct(cuts: Sequence[Cut], plan: Plan, found: Survey) -> list[Cut]:
    firsts = near_duplicates.first_of_each([cut.function.text for cut in cuts], plan.duplicate)
    for index, first in enumerate(firsts):
        if first != index:
            found.rejected.append(_rejected("near-duplicate", cuts[index].function))
    return [cut for index, cut in enumerate(cuts) if firsts[index] == index]


def _known(cut: Cut, ran: tuple[Runnable, list[mutants.Bug]] | None, plan: Plan) -> Known:
    known = Known(cut.function, cut.slice if isinstance(cut.slice, Slice) else None)
    if ran:
        return replace(known, trials=ran[0].trials, bugs=tuple(ran[1]))
    return (
        replace(known, bugs=tuple(mutants.possible(cut.function, plan.seed, 1, plan.families)))
        if plan.unproven
        else known
    )


def _name(function: Function) -> tuple[str, str]:
    return function.file, function.qualname


def _rejected(reason: str, function: Function) -> Rejected:
    return Rejected(reason, _as_row(f"{function.file}:{function.line}:{function.qualname}", function.text))


def _as_row(name: str, text: str) -> Problem:
    return Problem(task_id=name, prompt=text)
