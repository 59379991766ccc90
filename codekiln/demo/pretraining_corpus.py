"""The pretraining corpus of the base model: conversations with programs in every style, a share of them wrong."""

import random
from collections.abc import Iterator
from multiprocessing import get_context
from typing import cast

from codekiln.code.mutation.ast_operators import mutants
from codekiln.code.rewrite.styles import STYLES, rewrite
from codekiln.data.prompts import code_turn, messages
from codekiln.data.records import Message, Problem

# Weights in the draw.
STRUCTURES = {"concise": 18, "loop": 24, "staged": 20, "indexed": 18, "nested": 20}
COMMENTS = {"": 50, "-commented": 30, "-documented": 20}
# Probability of a bug: high enough that alignment has something to improve.
BUGGED = 0.45
# Characters of a program: completions stay short enough to sample thousands on a laptop.
LONGEST = 700

Conversation = tuple[Message, ...]


def conversations(problems: list[Problem], copies: int, seed: int, workers: int = 2) -> list[Conversation]:
    """Return ``copies`` conversations for each problem, in an order that depends on ``seed`` only."""
    jobs = [(problem, f"{seed} {number} {problem.task_id}") for number in range(copies) for problem in problems]
    with get_context("spawn").Pool(workers) as pool:
        return [conversation for conversation in pool.imap(_conversation, jobs, chunksize=200) if conversation]


def _conversation(job: tuple[Problem, str]) -> Conversation | None:
    problem, key = job
    rng = random.Random(key)
    reference = cast(str, problem.reference)  # every problem of the task family has one
    for code in _programs(reference, rng):
        if len(code) <= LONGEST:
            return messages(problem) + code_turn(code)
    return None


def _programs(reference: str, rng: random.Random) -> Iterator[str]:
    for _ in range(8):
        structure = rng.choices([*STRUCTURES], [*STRUCTURES.values()])[0]
        code = rewrite(reference, structure)
        if code is None:
            continue
        if rng.random() < BUGGED:
            code = next((bugged for _, bugged in mutants(code, rng, 1)), code)
        comments = rng.choices([*COMMENTS], [*COMMENTS.values()])[0]
        yield STYLES[f"concise{comments}"](code)
