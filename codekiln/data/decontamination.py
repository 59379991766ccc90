"""How training data is kept free of evaluation data: equal keys, quoted prompts, and near-duplicates.

Every comparison of training data with evaluation data goes through this module: what problems are removed before
training, which candidate programs are rejected, and what the validators of published data sets report.
"""

import contextlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from codekiln.data import near_duplicates
from codekiln.data.folders import Rejected
from codekiln.data.normalise import fingerprint
from codekiln.data.records import Problem

NGRAM = 10
"""Tokens in an n-gram of a prompt: shorter ones occur by chance, longer ones miss small edits."""

Key = TypeVar("Key")


@dataclass(frozen=True)
class Overlap:
    """A training text that nearly repeats an evaluation text.

    Attributes:
        train: Index of the training text.
        evaluation: Index of the evaluation text.
        similarity: Their Jaccard similarity, 0..1.
    """

    train: int
    evaluation: int
    similarity: float


def overlaps(
    train: Sequence[str], evaluation: Sequence[str], threshold: float = near_duplicates.THRESHOLD
) -> list[Overlap]:
    """Return every training text that nearly repeats an evaluation text; an empty text repeats nothing.

    Args:
        train: Training texts.
        evaluation: Evaluation texts.
        threshold: Jaccard similarity of token 5-grams from which two texts count as one.
    """
    left, right = ([index for index, text in enumerate(texts) if text] for texts in (train, evaluation))
    found = near_duplicates.similar_pairs(
        [train[index] for index in left], [evaluation[index] for index in right], threshold
    )
    return [Overlap(left[mine], right[other], similarity) for mine, other, similarity in found]


def overlaps_within(
    train: Sequence[tuple[Key, str]], evaluation: Sequence[tuple[Key, str]], threshold: float
) -> list[Overlap]:
    """Return the overlaps of texts that have the same key, such as the problem that they answer; in order."""
    sides: dict[Key, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, rows in enumerate((train, evaluation)):
        for index, (key, _) in enumerate(rows):
            sides[key][side].append(index)
    found = [
        Overlap(mine[item.train], theirs[item.evaluation], item.similarity)
        for mine, theirs in sides.values()
        for item in overlaps([train[index][1] for index in mine], [evaluation[index][1] for index in theirs], threshold)
    ]
    return sorted(found, key=lambda item: (item.train, item.evaluation))


def remove_near_duplicates(
    train: Sequence[Problem],
    evaluation: Sequence[Problem],
    texts: Mapping[str, Callable[[Problem], str | None]],
    threshold: float = near_duplicates.THRESHOLD,
) -> tuple[list[Problem], list[Rejected]]:
    """Return the training problems that nearly repeat no evaluation problem, and the others with their reason.

    Args:
        train: Training problems.
        evaluation: Evaluation problems.
        texts: What is compared, by the reason given for what overlaps; the first reason that applies is given.
        threshold: See `overlaps`.
    """
    reasons: dict[int, str] = {}
    for reason, text in texts.items():
        left, right = ([text(row) or "" for row in rows] for rows in (train, evaluation))
        for item in overlaps(left, right, threshold):
            reasons.setdefault(item.train, reason)
    return _without(train, reasons)


def decontaminate(train: Sequence[Problem], evaluation: Sequence[Problem]) -> tuple[list[Problem], list[Rejected]]:
    """Return the training problems that the evaluation set does not have, and the others with their reason.

    ``contaminated``: the words, the group or the reference (up to renaming) are those of an evaluation problem.
    ``near-duplicate``: prompt and reference together nearly repeat those of an evaluation problem.
    """
    taken = {key for row in evaluation for key in identity_keys(row)}
    reasons = {index: "contaminated" for index, row in enumerate(train) if not taken.isdisjoint(identity_keys(row))}
    others = [index for index in range(len(train)) if index not in reasons]
    texts = [prompt_and_reference(train[index]) for index in others]
    for item in overlaps(texts, [prompt_and_reference(row) for row in evaluation]):
        reasons[others[item.train]] = "near-duplicate"
    return _without(train, reasons)


def prompt_and_reference(problem: Problem) -> str:
    """Return the text by which problems are compared for near-duplicates: prompt and reference."""
    return f"{problem.prompt}\n{problem.reference or ''}"


def identity_keys(problem: Problem) -> set[str]:
    """Return what makes two problems one: the words of the prompt, the group, the reference up to renaming."""
    keys = {"words " + " ".join(re.findall(r"\w+", problem.prompt.lower()))}
    if problem.group:
        keys.add(f"group {problem.group}")
    if problem.reference and (code := program_key(problem.reference)):
        keys.add(f"code {code}")
    return keys


def program_key(code: str) -> str | None:
    """Return a key that programs equal up to names, comments and layout share; None for what is not Python."""
    with contextlib.suppress(SyntaxError):
        return fingerprint(code)
    return None


def quote_finder(prompts: Iterable[str]) -> Callable[[str], bool]:
    """Return a function that tells whether a text quotes one of ``prompts`` whole: has every n-gram of it.

    A prompt under ``NGRAM`` tokens is one n-gram, so a text quotes it only when it is equal to it.
    """
    sizes: dict[frozenset[tuple[str, ...]], int] = {}
    holders: dict[tuple[str, ...], set[frozenset[tuple[str, ...]]]] = defaultdict(set)
    for prompt in prompts:
        grams = _ngrams(prompt)
        sizes[grams] = len(grams)
        for gram in grams:
            holders[gram].add(grams)

    def quotes(text: str) -> bool:
        hits = Counter(grams for gram in _ngrams(text) for grams in holders.get(gram, ()))
        return any(count == sizes[grams] for grams, count in hits.items())

    return quotes


def _without(rows: Sequence[Problem], reasons: Mapping[int, str]) -> tuple[list[Problem], list[Rejected]]:
    kept = [row for index, row in enumerate(rows) if index not in reasons]
    return kept, [Rejected(reasons[index], row) for index, row in enumerate(rows) if index in reasons]


def _ngrams(text: str) -> frozenset[tuple[str, ...]]:
    words = re.findall(r"\w+|[^\w\s]", text.lower())
    return frozenset(tuple(words[start : start + NGRAM]) for start in range(max(1, len(words) - NGRAM + 1)))
