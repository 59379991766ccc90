"""The command ``exercise``: one exercise from the mutation engine, or from a model whose reply is verified."""

import random
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from codekiln.errors import InputError, InputErrors, ModelError
from codekiln.inference import Generator, Sampling
from codekiln.recipes.debugging.error_capacity import capacity
from codekiln.recipes.debugging.error_injection import BuggedProgram, InjectionSite, find_sites, inject
from codekiln.recipes.debugging.fault_masking import RETRIES, are_masked
from codekiln.recipes.debugging.grading import ReplyGrade, grade_replies, parse_reply
from codekiln.recipes.debugging.handout import AnswerKeyEntry, Exercise
from codekiln.recipes.debugging.material import CLASSES, ErrorCounts, ExerciseMaterial, InjectionTask, ReplyForm
from codekiln.recipes.debugging.program_check import check_programs, needs_inputs
from codekiln.recipes.debugging.prompts import request_messages
from codekiln.recipes.debugging.tags import ExerciseReply
from codekiln.sandbox.limits import Limits

LIMITS = Limits(cpu_seconds=1, wall_seconds=8.0)
FEW_MUTATIONS, ALL_MUTATIONS = 6, 10_000
"""Mutations of each class that are tried: few at first, because each takes a run of the sandbox."""
ENGINE = "the mutation engine"
FIXES = {
    "does-not-parse": "give a program that Python can read",
    "wants-more-input": "add the lines that are missing to this input",
    "input-unknown": "give inputs that suit the program with --stdin",
    "not-deterministic": "give a program that does the same every time",
    "shows-nothing": "let the program print something, or give calls with --call",
}


def make_exercise(
    program: str,
    description: str,
    counts: Mapping[str, int],
    stdins: Sequence[str] = (),
    seed: int = 0,
    adapter: str = "",
    base_model: str = "tiny",
    *,
    calls: Sequence[str] = (),
    tries: int = 8,
    tracking_uri: str = "",
    reply_form: ReplyForm = "program",
) -> Exercise:
    """Return an exercise with exactly these errors, each proven.

    Args:
        program: A correct Python program.
        description: The programming problem.
        counts: Errors by class: syntax, runtime, logical.
        stdins: Standard inputs; without any (and without calls), inputs are synthesised for a program that reads some.
        seed: Another seed gives another exercise.
        adapter: ``models:/name@alias``, ``models:/name/1`` or a folder; empty: the mutation engine.
        base_model: The base model of the adapter.
        calls: Expressions to evaluate, for programs that are functions.
        tries: Replies that an adapter is asked for.
        tracking_uri: MLflow server that has the adapter.
        reply_form: The form of replies that the adapter was trained on.

    Raises:
        InputError: The program cannot be used, or cannot hold as many errors.
        ModelError: No reply of the adapter was correct; the engine does not replace it.
    """
    wanted = _counts(counts)
    if not description.strip():
        raise InputError("says nothing", where="--description", fix="say what the program is for")
    code = program.replace("\r\n", "\n").strip("\n")
    given = ExerciseMaterial("exercise", description.strip(), code, tuple(stdins), tuple(calls))
    material = _checked(given)
    guessed = needs_inputs(given) and material.stdins != ("",)
    if not adapter:
        bugged, solutions = _from_engine(material, wanted, seed)
    else:
        with tempfile.TemporaryDirectory() as folder:
            generator = _generator(adapter, base_model, tracking_uri, Path(folder))
            task = InjectionTask(material.program, wanted, material.trials, reply_form)
            bugged, solutions = from_generator(material, task, generator, Sampling(n=tries, seed=seed), adapter)
    author = adapter or ENGINE
    return Exercise(description.strip(), wanted, bugged, solutions, material.program, material.stdins, guessed, author)


def from_generator(
    material: ExerciseMaterial, task: InjectionTask, generator: Generator, sampling: Sampling, name: str
) -> tuple[str, tuple[AnswerKeyEntry, ...]]:
    """Return the first correct reply of a model, as bugged program and answer key.

    Raises:
        ModelError: No reply was correct; the message counts their first faults.
    """
    messages = request_messages(material, task.counts, reply_form=task.reply_form)
    replies = next(iter(generator.generate([messages], sampling)))
    grades = grade_replies([(task, reply) for reply in replies], limits=LIMITS)
    for reply, grade in zip(replies, grades, strict=True):
        if grade.passed:
            return _exercise_of(parse_reply(task, reply), grade)
    faults = Counter(grade.faults[0][0] for grade in grades)
    listed = ", ".join(f"{reason} ({count})" for reason, count in faults.most_common())
    raise ModelError(
        f"none of {len(replies)} replies of {name} is right: {listed}\n"
        "  fix: try another --seed, fewer errors, or leave --model out for the mutation engine"
    )


def _counts(given: Mapping[str, int]) -> ErrorCounts:
    unknown = [name for name in given if name not in CLASSES]
    wrong = [f"{name} = {count}" for name, count in given.items() if count < 0]
    if unknown or wrong:
        what = f"not counts of {', '.join(CLASSES)}: {', '.join([*unknown, *wrong])}"
        raise InputError(what, where="counts", fix="give whole numbers of at least 0")
    counts = ErrorCounts(**given)
    if counts.total == 0:
        fix = "ask for at least one error: --syntax 1, --runtime 1 or --logical 1"
        raise InputError("all counts are 0", where="counts", fix=fix)
    return counts


def _checked(material: ExerciseMaterial) -> ExerciseMaterial:
    found, flaws = check_programs([material], limits=LIMITS)
    if flaws:
        raise InputErrors(
            InputError(flaw.text, where="--program", fix=FIXES.get(flaw.reason, "correct the program"))
            for flaw in flaws
        )
    return found[0]


def _from_engine(material: ExerciseMaterial, counts: ErrorCounts, seed: int) -> tuple[str, tuple[AnswerKeyEntry, ...]]:
    """Try some mutations of each class, and all of them before giving up."""
    classes = [name for name in CLASSES if counts.of(name)]
    for tried in (FEW_MUTATIONS, ALL_MUTATIONS):
        [sites] = find_sites([material], tried=tried, seed=seed, limits=LIMITS, classes=classes)
        rng = random.Random(f"{seed}:exercise")
        used: Counter[str] = Counter()
        for _ in range(RETRIES + 1):
            bugged = inject(material, sites, counts, used=used, rng=rng)
            if bugged is not None and not are_masked([(material, bugged)], limits=LIMITS)[0]:
                return bugged.program, _answer_key(bugged)
    # The last selection is kept in `bugged`: None when the program cannot hold the errors at all.
    if bugged is not None:
        fix = "ask for fewer errors, for other classes, or give more inputs"
        raise InputError(f"{counts} errors hide each other, whichever are chosen", where="--program", fix=fix)
    raise _too_many(counts, sites)


def _answer_key(bugged: BuggedProgram) -> tuple[AnswerKeyEntry, ...]:
    return tuple(AnswerKeyEntry(item.line, item.intended, item.explanation) for item in bugged.errors)


def _too_many(counts: ErrorCounts, sites: Sequence[InjectionSite]) -> InputError:
    classes = [name for name in CLASSES if counts.of(name)]
    most = capacity(sites)
    alone = ", ".join(f"{most.of(name)} {name}" for name in classes)
    what = f"cannot hold {counts} errors on lines that do not touch: there is room for {alone}"
    what += ", each class taken alone" if len(classes) > 1 else ""
    return InputError(what, where="--program", fix="ask for fewer errors, or give a longer program or more inputs")


def _exercise_of(reply: ExerciseReply, grade: ReplyGrade) -> tuple[str, tuple[AnswerKeyEntry, ...]]:
    """Return program and answer key of a correct reply, in the order of lines."""
    explanations = sorted(reply.explanations, key=lambda item: item.line)
    classes = [name for _, name in sorted((line, str(found)) for line, found in grade.found)]
    assert reply.program is not None, "a reply without a program is never correct"
    pairs = zip(explanations, classes, strict=True)
    return reply.program, tuple(AnswerKeyEntry(item.line, name, item.text) for item, name in pairs)


def _generator(adapter: str, base_model: str, tracking_uri: str, folder: Path) -> Generator:
    path = Path(adapter)
    if adapter.startswith("models:/"):
        from codekiln.registry import Registry
        from codekiln.registry.connection import find_server

        path = Registry(find_server(tracking_uri, "--model"), None).download_adapter(adapter, folder)
    elif not (path / "adapter_config.json").is_file():
        fix = "give models:/name@champion, models:/name/1, or a folder written by an sft or dpo stage"
        raise InputError("has no adapter_config.json: not an adapter", where=adapter, fix=fix)
    from codekiln.inference.local import LocalGenerator

    return LocalGenerator(base_model, path)
