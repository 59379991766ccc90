"""The errors of a reply: its changes, each with the explanation that names it.

An explanation is of one change. Where a line has fewer explanations than changes, one may be of several changes of its
line, if it names each of them: a list that begins and ends with another number is one error with one explanation. Where
it has more, a change of several tokens is as many changes as there are explanations, if it can be taken apart so.
"""

import difflib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from codekiln.code.mutation.diff import Change
from codekiln.recipes.debugging.explanation_match import explains
from codekiln.recipes.debugging.tags import Explanation

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True)
class ExplainedError:
    """Changes of one line that are one error, and the explanation that names each of them; None: there is none."""

    changes: tuple[Change, ...]
    explanation: Explanation | None

    @property
    def line(self) -> int:
        """Its line in the program with errors."""
        return self.changes[0].line

    def applied(self, correct: str) -> str:
        """Return the correct program with this error alone."""
        for change in sorted(self.changes, key=lambda change: change.start, reverse=True):
            correct = correct[: change.start] + change.text + correct[change.end :]
        return correct


def explained_errors(
    correct: str, changes: Sequence[Change], explanations: Sequence[Explanation]
) -> list[ExplainedError]:
    """Return the errors of a reply in the order of their changes, as many of them explained as can be."""
    changed, explained = (Counter(item.line for item in items) for items in (changes, explanations))
    changes = [part for change in changes for part in _parts(change, explained[change.line] - changed[change.line] + 1)]
    fits = [
        [
            index
            for index, item in enumerate(explanations)
            if item.line == change.line and explains(item.text, correct, change)
        ]
        for change in changes
    ]
    found = _matching(fits)
    for place, change in enumerate(changes):
        if place not in found and fits[place] and explained[change.line] < changed[change.line]:
            found[place] = fits[place][0]
    groups: dict[int, list[Change]] = {}
    for place, change in enumerate(changes):
        # A number of its own for each change that nothing explains.
        groups.setdefault(found.get(place, -1 - place), []).append(change)
    return [
        ExplainedError(tuple(group), explanations[index] if index >= 0 else None) for index, group in groups.items()
    ]


def _parts(change: Change, wanted: int) -> list[Change]:
    """Return the parts of a change, token by token, where there are just as many as are wanted, and else the change."""
    old, new = (list(_TOKEN.finditer(text)) for text in (change.old, change.new))
    words = [[match[0] for match in side] for side in (old, new)]
    found: list[Change] = []
    for tag, start, end, other, last in difflib.SequenceMatcher(None, words[0], words[1], autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        pairs = [(start, end, other, last)]
        if tag == "replace" and end - start == last - other:
            pairs = [(start + k, start + k + 1, other + k, other + k + 1) for k in range(end - start)]
        for first, stop, begin, until in pairs:
            text = change.new[new[begin].start() : new[until - 1].end()] if until > begin else ""
            left = old[first].start() if first < len(old) else len(change.old)
            right = old[stop - 1].end() if stop > first else left
            found.append(
                replace(
                    change,
                    start=change.start + left,
                    end=change.start + right,
                    text=text,
                    old=change.old[left:right],
                    new=text,
                )  # fmt: skip
            )
    return found if len(found) == wanted > 1 and "\n" not in change.old + change.new else [change]


def _matching(fits: Sequence[Sequence[int]]) -> dict[int, int]:
    """Return the largest matching of places with what fits them, each used once (by augmenting paths)."""
    owner: dict[int, int] = {}

    def is_placed(place: int, tried: set[int]) -> bool:
        for index in fits[place]:
            if index not in tried:
                tried.add(index)
                if index not in owner or is_placed(owner[index], tried):
                    owner[index] = place
                    return True
        return False

    for place in range(len(fits)):
        is_placed(place, set())
    return {place: index for index, place in owner.items()}
