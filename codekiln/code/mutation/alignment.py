"""Alignment of two programs, lines with lines and tokens with tokens, such that the fewest tokens change."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from codekiln.code.mutation.lexing import TOKEN, Lexeme, Row

_OPEN = 1
"""Cost of a gap besides its tokens: of alignments that change equally many tokens, the one with fewest gaps wins."""
_MOST = 40_000
"""Two lines with more pairs of tokens than this are not aligned: the whole line is one change."""

Pair = tuple[int | None, int | None]


class Gap(NamedTuple):
    """Tokens ``[start, end)`` of one line stand where tokens ``[other_start, other_end)`` stand in the other."""

    start: int
    end: int
    other_start: int
    other_end: int


def align_rows(left: Sequence[Row], right: Sequence[Row]) -> list[Pair]:
    """Return the pairs of row indexes, in order, that together change the fewest tokens; None: no partner."""
    texts, others = [row.text for row in left], [row.text for row in right]
    # The table of `_align` grows with the product of both lengths; most programs differ in a few lines only.
    head = _common(texts, others)
    tail = _common(texts[head:][::-1], others[head:][::-1])
    ends = len(left) - tail, len(right) - tail
    pairs: list[Pair] = [(index, index) for index in range(head)]
    pairs += [
        (None if one is None else one + head, None if other is None else other + head)
        for one, other in _align(left[head : ends[0]], right[head : ends[1]])
    ]
    return pairs + [(ends[0] + index, ends[1] + index) for index in range(tail)]


def _common(left: Sequence[object], right: Sequence[object]) -> int:
    pairs = enumerate(zip(left, right, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(left), len(right)))


def _align(left: Sequence[Row], right: Sequence[Row]) -> list[Pair]:
    bags, others = [_Bag(row) for row in left], [_Bag(row) for row in right]
    _make_moves_cheap(bags, others)
    best = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for one in range(len(left), -1, -1):
        for other in range(len(right), -1, -1):
            if (one, other) != (len(left), len(right)):
                best[one][other] = min(cost for cost, _ in _ways(best, bags, others, one, other))
    pairs: list[Pair] = []
    one = other = 0
    while one < len(left) or other < len(right):
        # Equal costs are decided by (down, across), so that the alignment is the same in every run.
        _, (down, across) = min(_ways(best, bags, others, one, other))
        pairs.append((one if down else None, other if across else None))
        one, other = one + down, other + across
    return pairs


def _make_moves_cheap(left: list["_Bag"], right: list["_Bag"]) -> None:
    """Make it cost a quarter to drop and to add a line that both sides have equally often: it only moves."""
    counts, more = (Counter(bag.text.strip() for bag in bags) for bags in (left, right))
    for bag in (*left, *right):
        if counts[bag.text.strip()] == more[bag.text.strip()]:
            bag.weight = min(bag.weight, max(bag.weight // 4, TOKEN))


class _Bag:
    """The tokens of a row, without their order."""

    def __init__(self, row: Row) -> None:
        self.text, self.indent = row.text, row.indent
        self.tokens = Counter({lexeme.text: 0 for lexeme in row.lexemes})
        for lexeme in row.lexemes:
            self.tokens[lexeme.text] += lexeme.weight
        self.weight = sum(self.tokens.values()) + TOKEN if row.lexemes else 1

    def distance(self, other: "_Bag") -> int:
        """Return what it takes to make one row the other."""
        if self.text == other.text:
            return 0
        common = sum(min(weight, other.tokens[text]) for text, weight in self.tokens.items() if text in other.tokens)
        tokens = sum(self.tokens.values()) + sum(other.tokens.values()) - 2 * common
        return tokens + TOKEN * (self.indent != other.indent) or 1


def _ways(
    best: list[list[int]], left: list[_Bag], right: list[_Bag], one: int, other: int
) -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield what it costs from here on to drop a row of the left, to add one of the right, and to pair the two."""
    if one < len(left) and other < len(right):
        yield best[one + 1][other + 1] + left[one].distance(right[other]), (1, 1)
    if one < len(left):
        yield best[one + 1][other] + left[one].weight, (1, 0)
    if other < len(right):
        yield best[one][other + 1] + right[other].weight, (0, 1)


def align_tokens(left: Sequence[Lexeme], right: Sequence[Lexeme]) -> list[Gap]:
    """Return where two rows differ: the fewest tokens, in as few places as these need."""
    texts, others = [lexeme.text for lexeme in left], [lexeme.text for lexeme in right]
    head = _common(texts, others)
    tail = _common(texts[head:][::-1], others[head:][::-1])
    ends = len(left) - tail, len(right) - tail
    if (ends[0] - head) * (ends[1] - head) > _MOST:
        return [Gap(head, ends[0], head, ends[1])]
    return [
        Gap(*(place + head for place in gap)) for gap in _gaps(list(left[head : ends[0]]), list(right[head : ends[1]]))
    ]


def _gaps(left: list[Lexeme], right: list[Lexeme]) -> list[Gap]:
    costs = _costs(left, right)
    gaps: list[Gap] = []
    one = other = 0
    begin: tuple[int, int] | None = None
    while one < len(left) or other < len(right):
        same = one < len(left) and other < len(right) and left[one].text == right[other].text
        opened = begin is not None
        if same and costs[one + 1][other + 1][0] == costs[one][other][opened]:
            if begin is not None:
                gaps.append(Gap(begin[0], one, begin[1], other))
            begin, one, other = None, one + 1, other + 1
            continue
        cost = costs[one][other][opened] - _OPEN * (not opened)
        begin = begin or (one, other)
        down = one < len(left) and costs[one + 1][other][1] + left[one].weight == cost
        one, other = one + down, other + (not down)
    return [*gaps, Gap(begin[0], one, begin[1], other)] if begin is not None else gaps


def _costs(left: list[Lexeme], right: list[Lexeme]) -> list[list[list[int]]]:
    """Return the least cost from each pair of places to the end, outside and inside a gap."""
    rows, columns = len(left), len(right)
    costs = [[[0, 0] for _ in range(columns + 1)] for _ in range(rows + 1)]
    for one in range(rows, -1, -1):
        for other in range(columns, -1, -1):
            if one == rows and other == columns:
                continue
            ways = []
            if one < rows:
                ways.append(costs[one + 1][other][1] + left[one].weight)
            if other < columns:
                ways.append(costs[one][other + 1][1] + right[other].weight)
            inside, outside = min(ways), min(ways) + _OPEN
            if one < rows and other < columns and left[one].text == right[other].text:
                match = costs[one + 1][other + 1][0]
                inside, outside = min(inside, match), min(outside, match)
            costs[one][other] = [outside, inside]
    return costs
