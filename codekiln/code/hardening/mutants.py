"""The mutants of a reference: programs with one logical error each, no two of them the same program."""

import random
from collections import Counter
from collections.abc import Sequence

from codekiln.code import mutation
from codekiln.data.normalise import fingerprint


def mutants_of(reference: str, count: int, seed: str) -> list[str]:
    """Return at most ``count`` mutants, of as many families as possible; empty where the reference does not parse.

    A mutant that is the reference, or another mutant, but for names, comments and layout is left out.

    Args:
        reference: A program.
        count: Largest number of mutants.
        seed: Seeds the choice among the mutations.
    """
    classes: tuple[mutation.Class, ...] = ("logical",)
    try:
        found = mutation.mutations(reference, classes)
        seen = {fingerprint(reference)}
    except SyntaxError:
        return []
    random.Random(seed).shuffle(found)
    mutants: list[str] = []
    for item in _families_in_turn(found):
        if len(mutants) == count:
            break
        text = mutation.apply(reference, [item])
        if (key := fingerprint(text)) not in seen:
            seen.add(key)
            mutants.append(text)
    return mutants


def _families_in_turn(found: Sequence[mutation.Mutation]) -> list[mutation.Mutation]:
    """Return mutations so that every family has its first before any family has its second."""
    turns: Counter[str] = Counter()
    ranked = []
    for item in found:
        ranked.append((turns[item.kind], item))
        turns[item.kind] += 1
    return [item for _, item in sorted(ranked, key=lambda pair: pair[0])]
