"""The chats that the base model learns from: every style mixed, and a share of the programs wrong."""

import random
from collections.abc import Iterator
from multiprocessing import get_context

from codekiln.code.mutation.ast_operators import mutants
from codekiln.code.rewrite.styles import STYLES, rewrite
from codekiln.data.prompts import answer, messages
from codekiln.data.records import Message, Problem

STRUCTURES = {"concise": 18, "loop": 24, "staged": 20, "indexed": 18, "nested": 20}
COMMENTS = {"": 50, "-commented": 30, "-documented": 20}
BUGGED = 0.45
LONGEST = 700
"""Characters of a program: keeps completions short enough to sample thousands on a laptop."""

Chat = tuple[Message, ...]


def chats(problems: list[Problem], copies: int, seed: int, workers: int = 2) -> list[Chat]:
    """Return ``copies`` conversations for each problem, in an order that depends on ``seed`` only."""
    jobs = [(problem, f"{seed} {number} {problem.task_id}") for number in range(copies) for problem in problems]
    with get_context("spawn").Pool(workers) as pool:
        return [chat for chat in pool.imap(_chat, jobs, chunksize=200) if chat]


def _chat(job: tuple[Problem, str]) -> Chat | None:
    problem, key = job
    rng = random.Random(key)
    for code in _programs(problem.reference, rng):
        if len(code) <= LONGEST:
            return messages(problem) + answer(code)
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
