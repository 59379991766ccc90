"""Analysis of a corpus: functions are extracted, deduplicated, sliced, run on synthesised calls, and mutated."""

import ast
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from codekiln.data import near_duplicates
from codekiln.data.folders import Rejected
from codekiln.data.records import Problem
from codekiln.progress import progress
from codekiln.recipes.corpus_tasks.borrowed_values import BorrowedValues, borrow_values
from codekiln.recipes.corpus_tasks.corpus_modules import CorpusModules
from codekiln.recipes.corpus_tasks.docstring_examples import docstring_examples
from codekiln.recipes.corpus_tasks.functions import Function, extract_functions
from codekiln.recipes.corpus_tasks.io_examples import (
    ExecutableFunction,
    IOExample,
    SlicedFunction,
    collect_io_examples,
)
from codekiln.recipes.corpus_tasks.module_context import shown_context
from codekiln.recipes.corpus_tasks.mutants import (
    Mutant,
    balance_families,
    generate_mutants,
    prove_mutants,
    with_symptoms,
)
from codekiln.recipes.corpus_tasks.settings import CorpusTasksSettings
from codekiln.recipes.corpus_tasks.slicing import ModuleSlicer, ProgramSlice
from codekiln.recipes.corpus_tasks.source import Corpus, SourceFile
from codekiln.sandbox.limits import Limits

FunctionKey = tuple[str, str]
"""File and qualified name of a function."""


@dataclass(frozen=True)
class AnalysedFunction:
    """A function with the results of its analysis.

    Attributes:
        function: The function.
        slice: Its program slice; None where it has none.
        io_examples: Calls with their results; empty where the function cannot be run.
        mutants: Its mutants, proven ones first.
        interface: What it uses of its module, with the signatures of helpers; None where that cannot be shown.
        helpers: The same with the bodies of helpers.
    """

    function: Function
    slice: ProgramSlice | None = None
    io_examples: tuple[IOExample, ...] = ()
    mutants: tuple[Mutant, ...] = ()
    interface: str | None = None
    helpers: str | None = None


@dataclass
class CorpusAnalysis:
    """The analysed functions of a corpus, and everything that was excluded with its reason."""

    functions: list[AnalysedFunction] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)

    def reject(self, reason: str, function: Function) -> None:
        """Record why a function is excluded."""
        name = f"{function.file}:{function.line}:{function.qualname}"
        self.rejected.append(Rejected(reason, Problem(task_id=name, prompt=function.text)))

    def reject_file(self, reason: str, path: str) -> None:
        """Record why a file is excluded."""
        self.rejected.append(Rejected(reason, Problem(task_id=path, prompt="")))


@dataclass(frozen=True)
class _Candidate:
    """A function, its class where it is a method, its slice or the reason for having none, and its context."""

    function: Function
    owner: ast.ClassDef | None
    slice: ProgramSlice | str
    interface: str | None = None
    helpers: str | None = None


def analyse_corpus(
    corpus: Corpus, settings: CorpusTasksSettings, seed: int, *, workers: int | None, limits: Limits
) -> CorpusAnalysis:
    """Return the functions of a corpus with slices, input-output examples and mutants.

    Files are read in an order that the seed decides, until ``settings.functions`` functions are found.

    Args:
        corpus: The source tree.
        settings: Bounds of the analysis.
        seed: Seeds every choice.
        workers: Number of sandbox workers; None: one per core.
        limits: Limits of each run.
    """
    analysis = CorpusAnalysis()
    borrowed = borrow_values(corpus)
    candidates = _deduplicated(list(_candidates(corpus, borrowed, settings, seed, analysis)), settings, analysis)
    sliced = [SlicedFunction(item.function, item.slice, item.owner)
              for item in candidates if isinstance(item.slice, ProgramSlice)]  # fmt: skip
    tried = collect_io_examples(
        sliced, min_outcomes=settings.outcomes, max_examples=settings.trials, seed=seed, workers=workers, limits=limits,
        label="check: trying functions", borrowed=borrowed,
    )  # fmt: skip
    executable = [item for item in tried if isinstance(item, ExecutableFunction)]
    proven = prove_mutants(
        executable, seed=seed, count=settings.mutants, families=settings.families, workers=workers, limits=limits,
        label="check: proving bugs",
    )  # fmt: skip
    ordered = with_symptoms(executable, balance_families(proven), workers=workers, limits=limits, label="")
    contexts = {_key(item.function): (item.interface, item.helpers) for item in candidates}
    results = {
        (key := _key(item.function)): AnalysedFunction(
            item.function, item.slice, item.io_examples, tuple(mutants), *contexts[key]
        )
        for item, mutants in zip(executable, ordered, strict=True)
    }
    reasons = {_key(item.function): reason
               for item, reason in zip(sliced, tried, strict=True) if isinstance(reason, str)}  # fmt: skip
    for candidate in candidates:
        key = _key(candidate.function)
        analysis.functions.append(results.get(key) or _not_executed(candidate, settings, seed))
        if reason := candidate.slice if isinstance(candidate.slice, str) else reasons.get(key):
            analysis.reject(f"cannot-run-{reason}", candidate.function)
    return analysis


def _candidates(
    corpus: Corpus, borrowed: BorrowedValues, settings: CorpusTasksSettings, seed: int, analysis: CorpusAnalysis
) -> Iterator[_Candidate]:
    """Yield functions file by file."""
    paths, skipped = corpus.paths()
    make = partial(_candidate, CorpusModules(corpus), borrowed)
    for path, reason in skipped.items():
        analysis.reject_file(reason, path)
    # In alphabetical order the first packages alone would fill a small sample.
    random.Random(f"{seed}:files").shuffle(paths)
    rest: list[tuple[SourceFile, list[Function]]] = []
    taken = 0
    with progress("check: reading functions", settings.functions, "functions") as step:
        for path in paths:
            source = corpus.read(path)
            if isinstance(source, str):
                analysis.reject_file(source, path)
                continue
            found, left = _of_file(source, make, settings, seed, analysis)
            rest.append((source, left))
            found = found[: settings.functions - taken]
            yield from found
            step(len(found))
            taken += len(found)
            if taken >= settings.functions:
                break
        # A corpus of few files gives more of each file, because no other could be taken instead.
        for source, left in rest:
            more = left[: max(0, settings.functions - taken)]
            yield from (make(source, function) for function in more)
            taken += len(more)
            step(len(more))
            for function in left[len(more) :]:
                analysis.reject("enough-of-this-file", function)


def _of_file(
    source: SourceFile,
    make: Callable[[SourceFile, Function], _Candidate],
    settings: CorpusTasksSettings,
    seed: int,
    analysis: CorpusAnalysis,
) -> tuple[list[_Candidate], list[Function]]:
    """Return up to ``per_file`` functions, those with a slice first, and the functions that are left.

    Functions without a slice make up at most a quarter, but one: they still serve for docstrings and explanations.
    """
    waiting = _usable_functions(source, settings, analysis)
    random.Random(f"{seed}:{source.path}").shuffle(waiting)
    sliced: list[_Candidate] = []
    others: list[_Candidate] = []
    while waiting and len(sliced) < settings.per_file:
        candidate = make(source, waiting.pop())
        (others if isinstance(candidate.slice, str) else sliced).append(candidate)
    room = max(1, min(settings.per_file - len(sliced), settings.per_file // 4))
    return sliced + others[:room], [item.function for item in others[room:]] + waiting


def _candidate(modules: CorpusModules, borrowed: BorrowedValues, source: SourceFile, function: Function) -> _Candidate:
    owner = next(
        (node for node in source.tree.body if isinstance(node, ast.ClassDef) and node.name == function.owner), None
    )
    examples = [f"{item.setup}\n{item.call}" for item in docstring_examples(function)]
    values = "\n".join(value for some in borrowed.of(function).values() for value in some)
    examples.append(f"{borrowed.setup(values)}\n{values}")
    piece = ModuleSlicer(source, modules).slice_of(function, examples)
    shown = (shown_context(modules, modules.module_of(source), function, owner, whole=whole) for whole in (False, True))
    return _Candidate(function, owner, piece, *shown)


def _usable_functions(source: SourceFile, settings: CorpusTasksSettings, analysis: CorpusAnalysis) -> list[Function]:
    # A prompt also holds the instruction, and a reference often repeats the function.
    max_characters = settings.max_characters * 2 // 3
    usable: dict[str, Function] = {}
    for function, excluded in extract_functions(source, settings.min_lines, settings.max_lines):
        if excluded:
            analysis.reject(excluded, function)
        elif function.qualname in usable:
            analysis.reject("redefined", function)
        elif len(function.text) > max_characters:
            analysis.reject("too-many-characters", function)
        else:
            usable[function.qualname] = function
    return list(usable.values())


def _deduplicated(
    candidates: Sequence[_Candidate], settings: CorpusTasksSettings, analysis: CorpusAnalysis
) -> list[_Candidate]:
    """Return the candidates without those that nearly repeat an earlier one."""
    firsts = near_duplicates.earliest_duplicates([item.function.text for item in candidates], settings.duplicate)
    for index, first in enumerate(firsts):
        if first != index:
            analysis.reject("near-duplicate", candidates[index].function)
    return [item for index, item in enumerate(candidates) if firsts[index] == index]


def _not_executed(candidate: _Candidate, settings: CorpusTasksSettings, seed: int) -> AnalysedFunction:
    function = candidate.function
    piece = candidate.slice if isinstance(candidate.slice, ProgramSlice) else None
    mutants = generate_mutants(function, seed, 1, settings.families) if settings.unproven else []
    shown = candidate.interface, candidate.helpers
    return AnalysedFunction(function, piece, (), tuple(mutants), *shown)


def _key(function: Function) -> FunctionKey:
    return function.file, function.qualname
