"""The embedded base model and problem set: everything the laptop profile needs, in the package.

The problems are generated, not stored; the weights are made by ``python -m codekiln.demo.train_base``.
"""

import random
from pathlib import Path
from typing import Literal

from codekiln.data.records import Problem
from codekiln.demo.problem_writer import write_problem
from codekiln.demo.task_family import draw, split_of

Split = Literal["pretrain", "train", "eval"]
COUNTS = {"pretrain": 10000, "train": 600, "eval": 300}


def problems(split: Split, seed: int = 0, count: int | None = None) -> list[Problem]:
    """Return ``count`` problems of a split, always the same ones for the same arguments.

    ``pretrain`` made the base model, ``train`` is for SFT and DPO, ``eval`` for evaluation. A group is one combination
    of operations, and belongs to one split whatever the seed. ``train`` and ``eval`` have one problem per group.
    """
    # The seed strings keep the room's former name: other strings would draw other problems than the published results.
    rng = random.Random(f"codekiln/tiny {split} {seed}")
    wanted = COUNTS[split] if count is None else count
    found: dict[str, Problem] = {}
    while len(found) < wanted:
        spec = draw(rng)
        key = f"{spec.group} {spec.constants}" if split == "pretrain" else spec.group
        if split_of(spec.group) != split or key in found:
            continue
        if problem := write_problem(spec, seed):
            found[key] = problem.model_copy(update={"task_id": f"tiny/{split}/{len(found)}"})
    return list(found.values())


def base_path() -> Path:
    """Return the folder of the shipped model: config, weights, tokenizer with chat template, generation settings."""
    return Path(__file__).with_name("base")
