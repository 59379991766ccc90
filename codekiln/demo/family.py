"""Problems composed of a source, filters, a mapping and a reduction; what they mean, and which split they belong to."""

import random
from dataclasses import dataclass
from typing import Any

from codekiln.data import splits
from codekiln.demo.pieces import (
    CHAR_FILTERS,
    CHAR_MAPS,
    INT_FILTERS,
    INT_MAPS,
    STR_FILTERS,
    STR_MAPS,
    Constant,
    Piece,
)
from codekiln.demo.shapes import REDUCTIONS, SOURCES, TABLE, Reduction, Source

FILTERS = {"int": INT_FILTERS, "str": STR_FILTERS, "char": CHAR_FILTERS}
MAPS = {"int": INT_MAPS, "str": STR_MAPS, "char": CHAR_MAPS}

_RESULTS = {"int": ("int", "int", "int", "str", "bool"), "str": ("int", "str", "bool"), "char": ("int", "str", "bool")}

Chosen = tuple[Piece, Constant]


@dataclass(frozen=True)
class Spec:
    """One problem: ``filters`` joined by ``joint``, then ``mapping`` (a predicate for any / all), ``reduction``."""

    source: Source
    filters: tuple[Chosen, ...]
    joint: str
    mapping: Chosen
    reduction: Reduction

    @property
    def group(self) -> str:
        """The combination without its constants and words: near-variants share it."""
        filters = f" {self.joint} ".join(sorted(piece.name for piece, _ in self.filters)) or "every"
        return "/".join((self.source.name, filters, self.mapping[0].name, self.reduction.name))

    @property
    def constants(self) -> tuple[Constant, ...]:
        """The constants of the pieces, where test inputs are worth placing."""
        return tuple(constant for _, constant in (*self.filters, self.mapping))

    def evaluate(self, arguments: list) -> Any:
        """Return what a correct solution returns, computed from the pieces and never from the reference program."""
        elements = self.source.values(*arguments)
        pairs = elements if self.source.key or self.source.tested else [(element, element) for element in elements]
        at = 0 if self.source.tested else 1
        kept = [pair for pair in pairs if self._keeps(pair[at])]
        piece, constant = self.mapping
        mapped = [(key, piece.apply(element, constant)) for key, element in kept]
        return dict(mapped) if self.source.key else self.reduction.apply([value for _, value in mapped])

    def _keeps(self, element: Any) -> bool:
        verdicts = [piece.apply(element, constant) for piece, constant in self.filters]
        return not verdicts or (any(verdicts) if self.joint == "or" else all(verdicts))


def split_of(group: str) -> str:
    """Return the split of ``group``: 70 % of the groups are for pretraining, 10 % to train on, 20 % to evaluate."""
    slot = splits.hash_of(group)[0] % 10
    return "pretrain" if slot < 7 else "train" if slot == 7 else "eval"


def draw(rng: random.Random) -> Spec:
    """Return a random specification whose pieces fit each other and have one constant at most between them."""
    source = rng.choice(SOURCES)
    filters, joint = _draw_filters(rng, source), rng.choice(("and", "or"))
    plain = any(len(piece.constants) > 1 for piece, _ in filters)
    if source.key:
        return Spec(source, filters, joint, _draw_map(rng, source, MAPS[source.gives], plain), TABLE)
    mapped = rng.choice(_RESULTS[source.gives])
    of_type = tuple(piece for piece in MAPS[source.gives] if piece.gives == mapped)
    mapping = _draw_map(rng, source, of_type or FILTERS[source.gives], plain)
    fitting = [r for r in REDUCTIONS if r.takes == mapped or (r.takes == "any" and mapped != "bool")]
    reduction = rng.choice([r for r in fitting if not r.bare or mapping[0].name == "same"])
    return Spec(source, filters, joint, mapping, reduction)


def _draw_filters(rng: random.Random, source: Source) -> tuple[Chosen, ...]:
    pieces = _fitting(FILTERS[source.tests or source.gives], source)
    count = rng.choices((0, 1, 2), (15, 65, 20))[0]
    chosen = rng.sample(pieces, count)
    while sum(len(piece.constants) > 1 for piece in chosen) > 1:
        chosen = rng.sample(pieces, count)
    return tuple(_with_constant(rng, piece) for piece in chosen)


def _draw_map(rng: random.Random, source: Source, maps: tuple[Piece, ...], plain: bool) -> Chosen:
    same = [piece for piece in maps if piece.name == "same"]
    if same and rng.random() < 0.3:
        return _with_constant(rng, same[0])
    fitting = [piece for piece in _fitting(maps, source) if not (plain and len(piece.constants) > 1)]
    return _with_constant(rng, rng.choice(fitting))


def _fitting(pieces: tuple[Piece, ...], source: Source) -> list[Piece]:
    excluded = "unsigned" if source.signed else "signed"
    named = (source.tested or source.element).isidentifier()
    return [piece for piece in pieces if not getattr(piece, excluded) and (named or not piece.short)]


def _with_constant(rng: random.Random, piece: Piece) -> Chosen:
    return piece, rng.choice(piece.constants)
