"""Finds rows that repeat an earlier row, or contradict it, in bounded memory: digests are kept, not texts."""

import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence

from codekiln.data.training_files.findings import Findings
from codekiln.data.training_files.forms import TrainingRow
from codekiln.data.training_files.near_twins import MOST_PAIRS, NearTwins, confirmed


class Twins:
    """Finds rows that say the same, or nearly the same, as an earlier one, and pairs that say the opposite of one.

    Args:
        findings: Get what is found.
        again: Yields the rows once more: near twins are compared in a second pass.
    """

    def __init__(self, findings: Findings, again: Callable[[], Iterator[TrainingRow]]) -> None:
        self._findings, self._again = findings, again
        # By digest the number of the first row that says it: a million places as texts would take 100 MB more.
        self._seen: dict[int, int] = {}
        self._near = NearTwins()

    def see(self, row: TrainingRow, programs: Sequence[str]) -> None:
        """Look a row up among those before it."""
        self._seen.setdefault(_digest(row, row.replies), row.number)
        kind, first = self._earlier(row)
        if kind:
            self._findings.add(kind, row.where, f"as {row.place(first)}")
        else:
            self._near.add(row.text)

    def _earlier(self, row: TrainingRow) -> tuple[str, int]:
        """Return how the row repeats an earlier one, which may be not at all, and the number of that one."""
        if (first := self._seen[_digest(row, row.replies)]) < row.number:
            return "twin", first
        if row.label is not None:
            first = self._seen.get(_digest(row, row.replies, is_opposite=True), row.number)
            return ("contradicted" if first < row.number else ""), first
        if row.is_pair and (first := self._seen.get(_digest(row, row.replies[::-1]), row.number)) < row.number:
            return "reversed", first
        return "", row.number

    def end(self) -> None:
        """Compare the rows that may be near twins."""
        if not (pairs := self._near.pairs()):
            return
        if len(pairs) == MOST_PAIRS:
            # There are more: the number of near twins is a lower bound.
            print(
                f"near twins: only the first {MOST_PAIRS:,} pairs of rows that may be some are compared",
                file=sys.stderr,
            )
        wanted = {number for pair in pairs for number in pair}
        sketched = (row for row in self._again() if not self._earlier(row)[0])
        rows = {number: row for number, row in enumerate(sketched) if number in wanted}
        for first, later, similarity in confirmed(pairs, {number: row.text for number, row in rows.items()}):
            row = rows[later]
            self._findings.add("near-twin", row.where, f"as {row.place(rows[first].number)} ({similarity:.2f})")


def _digest(row: TrainingRow, replies: Sequence[str], is_opposite: bool = False) -> int:
    """Return 64 bits of a digest: of a million rows, two different ones agree in one of 30 million files.

    Args:
        row: The row.
        replies: Its replies, or these in another order.
        is_opposite: Whether the digest is of the same row with the other label.
    """
    label = "" if row.label is None else str(row.label is not is_opposite)
    made = hashlib.blake2b(digest_size=8)
    for text in (*(part for turn in row.prompt for part in turn), *replies, label):
        encoded = text.encode("utf-8", "surrogatepass")
        made.update(len(encoded).to_bytes(8, "big") + encoded)
    return int.from_bytes(made.digest(), "big")
