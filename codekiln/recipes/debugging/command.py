"""One exercise for one educator: from the mutation engine, or from an adapter whose replies are proven first."""

import os
import random
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from codekiln.errors import InputError, InputErrors, ModelError
from codekiln.inference import Generator, Sampling
from codekiln.recipes.debugging.error_capacity import room
from codekiln.recipes.debugging.error_injection import bug, find_sites
from codekiln.recipes.debugging.fault_masking import AGAIN, hidden
from codekiln.recipes.debugging.grading import Judgement, Task, judge
from codekiln.recipes.debugging.handout import Exercise, Solution
from codekiln.recipes.debugging.material import CLASSES, Counts, Material
from codekiln.recipes.debugging.prompts import ask
from codekiln.recipes.debugging.proof import is_guessed, prove, trials_of
from codekiln.recipes.debugging.tags import read_reply
from codekiln.sandbox.limits import Limits

LIMITS = Limits(cpu_seconds=1, wall_seconds=8.0)
SOME, EVERY = 6, 10_000
ENGINE = "the mutation engine"
FIXES = {
    "does-not-parse": "give a program that Python can read",
    "wants-more-input": "add the lines that are missing to this input",
    "input-unknown": "give inputs that suit the program with --stdin",
    "not-deterministic": "give a program that does the same every time",
    "shows-nothing": "let the program print something, or give calls with --call",
}


def exercise(
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
) -> Exercise:
    """Return an exercise with exactly these errors, each proven.

    Args:
        program: A correct Python program.
        description: The programming problem.
        counts: Errors by class: syntax, runtime, logical.
        stdins: Standard inputs; without any (and without calls), inputs are guessed for a program that reads some.
        seed: Another seed, another exercise.
        adapter: ``models:/name@alias``, ``models:/name/1`` or a folder; empty: the mutation engine.
        base_model: The base model of the adapter.
        calls: Expressions to evaluate, for programs that are functions.
        tries: Replies that an adapter is asked for.
        tracking_uri: MLflow server that has the adapter.

    Raises:
        InputError: The program cannot be used, or cannot hold so many errors.
        ModelError: No reply of the adapter was right; the engine does not step in.
    """
    wanted = _counts(counts)
    if not description.strip():
        raise InputError("says nothing", where="--description", fix="say what the program is for")
    code = program.replace("\r\n", "\n").strip("\n")
    material = _proven(Material("exercise", description.strip(), code, tuple(stdins), tuple(calls)))
    guessed = is_guessed(Material("", "", "", tuple(stdins), tuple(calls))) and material.stdins != ("",)
    if not adapter:
        bugged, solutions = _from_engine(material, wanted, seed)
    else:
        with tempfile.TemporaryDirectory() as folder:
            generator = _generator(adapter, base_model, tracking_uri, Path(folder))
            bugged, solutions = from_generator(material, wanted, generator, Sampling(n=tries, seed=seed), adapter)
    author = adapter or ENGINE
    return Exercise(description.strip(), wanted, bugged, solutions, material.program, material.stdins, guessed, author)


def from_generator(
    material: Material, counts: Counts, generator: Generator, sampling: Sampling, name: str
) -> tuple[str, tuple[Solution, ...]]:
    """Return the first right one of a model's replies, as program and solutions.

    Raises:
        ModelError: None was right; says what was wrong with them.
    """
    replies = next(iter(generator.generate([ask(material, counts)], sampling)))
    task = Task(material.program, counts, trials_of(material))
    judged = judge([(task, reply) for reply in replies], limits=LIMITS)
    for reply, judgement in zip(replies, judged, strict=True):
        if judgement.passed:
            return _solved(reply, judgement)
    faults = Counter(judgement.faults[0][0] for judgement in judged)
    listed = ", ".join(f"{reason} ({count})" for reason, count in faults.most_common())
    raise ModelError(
        f"none of {len(replies)} replies of {name} is right: {listed}\n"
        "  fix: try another --seed, fewer errors, or leave --adapter out for the mutation engine"
    )


def _counts(given: Mapping[str, int]) -> Counts:
    unknown = [name for name in given if name not in CLASSES]
    wrong = [f"{name} = {count}" for name, count in given.items() if count < 0]
    if unknown or wrong:
        what = f"not counts of {', '.join(CLASSES)}: {', '.join([*unknown, *wrong])}"
        raise InputError(what, where="counts", fix="give whole numbers of at least 0")
    counts = Counts(**given)
    if counts.total == 0:
        fix = "ask for at least one error: --syntax 1, --runtime 1 or --logical 1"
        raise InputError("all counts are 0", where="counts", fix=fix)
    return counts


def _proven(material: Material) -> Material:
    found, flaws = prove([material], limits=LIMITS)
    if flaws:
        raise InputErrors(
            InputError(flaw.text, where="--program", fix=FIXES.get(flaw.reason, "correct the program"))
            for flaw in flaws
        )
    return found[0]


def _from_engine(material: Material, counts: Counts, seed: int) -> tuple[str, tuple[Solution, ...]]:
    """Try some mutations of each class, and every one before giving up."""
    classes = [name for name in CLASSES if counts.of(name)]
    for tried in (SOME, EVERY):
        [sites] = find_sites([material], tried=tried, seed=seed, limits=LIMITS, classes=classes)
        rng, used = random.Random(f"{seed}:exercise"), Counter()
        for _ in range(AGAIN + 1):
            bugged = bug(material, sites, counts, used=used, rng=rng)
            if bugged is not None and not hidden([(material, bugged)], limits=LIMITS)[0]:
                answers = (Solution(item.line, item.intended, item.explanation) for item in bugged.errors)
                return bugged.program, tuple(answers)
    if bugged is not None:
        fix = "ask for fewer errors, for other classes, or give more inputs"
        raise InputError(f"{counts} errors hide each other, whichever are chosen", where="--program", fix=fix)
    most = room(sites)
    alone = ", ".join(f"{most.of(name)} {name}" for name in classes)
    what = f"cannot hold {counts} errors on lines that do not touch: there is room for {alone}"
    what += ", each class taken alone" if len(classes) > 1 else ""
    raise InputError(what, where="--program", fix="ask for fewer errors, or give a longer program or more inputs")


def _solved(text: str, judgement: Judgement) -> tuple[str, tuple[Solution, ...]]:
    reply = read_reply(text)
    answers = sorted(reply.answers, key=lambda answer: answer.line)
    found = sorted(judgement.found)
    pairs = zip(answers, found, strict=True)
    return reply.program, tuple(Solution(answer.line, name, answer.explanation) for answer, (_, name) in pairs)


def _generator(adapter: str, base_model: str, tracking_uri: str, folder: Path) -> Generator:
    path = Path(adapter)
    if adapter.startswith("models:/"):
        from codekiln.registry import Registry

        path = Registry(_server(tracking_uri), "codekiln").download_adapter(adapter, folder)
    elif not (path / "adapter_config.json").is_file():
        fix = "give models:/name@champion, models:/name/1, or a folder written by an sft or dpo stage"
        raise InputError("has no adapter_config.json: not an adapter", where=adapter, fix=fix)
    from codekiln.inference.local import LocalGenerator

    return LocalGenerator(base_model, path)


def _server(given: str) -> str:
    here = Path("mlflow.db").absolute()
    found = given or os.environ.get("MLFLOW_TRACKING_URI") or (f"sqlite:///{here}" if here.is_file() else "")
    if not found:
        fix = "give --tracking-uri, for example sqlite:///runs/mlflow.db, or set MLFLOW_TRACKING_URI"
        raise InputError("no MLflow server is known", where="--adapter", fix=fix)
    return found
