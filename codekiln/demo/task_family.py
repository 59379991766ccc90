"""The task family: problems composed of a source, filters, a mapping and a reduction, and the split of each group."""

import random
from dataclasses import dataclass
from typing import Any

from codekiln.data import splits
from codekiln.demo.operations import (
    CHAR_FILTERS,
    CHAR_MAPS,
    INT_FILTERS,
    INT_MAPS,
    STR_FILTERS,
    STR_MAPS,
    Constant,
    Operation,
)
from codekiln.demo.reductions import REDUCTIONS, TABLE, Reduction
from codekiln.demo.sources import SOURCES, ElementSource

FILTERS = {"int": INT_FILTERS, "str": STR_FILTERS, "char": CHAR_FILTERS}
MAPS = {"int": INT_MAPS, "str": STR_MAPS, "char": CHAR_MAPS}

# Types that the mapping of each element type may return; a type that is repeated is drawn more often.
_RESULTS = {"int": ("int", "int", "int", "str", "bool"), "str": ("int", "str", "bool"), "char": ("int", "str", "bool")}

BoundOperation = tuple[Operation, Constant]
"""An operation with the value of its constant."""


@dataclass(frozen=True)
class TaskSpec:
    """One problem: ``filters`` joined by ``joint``, then ``mapping`` (a predicate for any / all), ``reduction``."""

    source: ElementSource
    filters: tuple[BoundOperation, ...]
    joint: str
    mapping: BoundOperation
    reduction: Reduction

    @property
    def group(self) -> str:
        """The combination without its constants and words: near-variants share it."""
        filters = f" {self.joint} ".join(sorted(operation.name for operation, _ in self.filters)) or "every"
        return "/".join((self.source.name, filters, self.mapping[0].name, self.reduction.name))

    @property
    def constants(self) -> tuple[Constant, ...]:
        """The constants of the operations: test inputs near them tell correct programs from wrong ones."""
        return tuple(constant for _, constant in (*self.filters, self.mapping))

    def evaluate(self, arguments: list[Any]) -> Any:
        """Return what a correct solution returns, computed from the operations and never from the reference program."""
        elements = self.source.values(*arguments)
        pairs = elements if self.source.key or self.source.tested else [(element, element) for element in elements]
        at = 0 if self.source.tested else 1
        kept = [pair for pair in pairs if self._keeps(pair[at])]
        operation, constant = self.mapping
        mapped = [(key, operation.apply(element, constant)) for key, element in kept]
        return dict(mapped) if self.source.key else self.reduction.apply([value for _, value in mapped])

    def _keeps(self, element: Any) -> bool:
        verdicts = [operation.apply(element, constant) for operation, constant in self.filters]
        return not verdicts or (any(verdicts) if self.joint == "or" else all(verdicts))


def split_of(group: str) -> str:
    """Return the split of ``group``: 70 % of the groups are for pretraining, 10 % to train on, 20 % to evaluate."""
    slot = splits.hash_of(group)[0] % 10
    return "pretrain" if slot < 7 else "train" if slot == 7 else "eval"


def draw(rng: random.Random) -> TaskSpec:
    """Return a random specification whose operations fit each other and have one constant at most between them."""
    source = rng.choice(SOURCES)
    filters, joint = _draw_filters(rng, source), rng.choice(("and", "or"))
    plain = any(len(operation.constants) > 1 for operation, _ in filters)
    if source.key:
        return TaskSpec(source, filters, joint, _draw_map(rng, source, MAPS[source.gives], plain), TABLE)
    mapped = rng.choice(_RESULTS[source.gives])
    of_type = tuple(operation for operation in MAPS[source.gives] if operation.gives == mapped)
    mapping = _draw_map(rng, source, of_type or FILTERS[source.gives], plain)
    fitting = [r for r in REDUCTIONS if r.takes == mapped or (r.takes == "any" and mapped != "bool")]
    reduction = rng.choice([r for r in fitting if not r.bare or mapping[0].name == "same"])
    return TaskSpec(source, filters, joint, mapping, reduction)


def _draw_filters(rng: random.Random, source: ElementSource) -> tuple[BoundOperation, ...]:
    operations = _fitting(FILTERS[source.tests or source.gives], source)
    count = rng.choices((0, 1, 2), (15, 65, 20))[0]
    chosen = rng.sample(operations, count)
    while sum(len(operation.constants) > 1 for operation in chosen) > 1:
        chosen = rng.sample(operations, count)
    return tuple(_with_constant(rng, operation) for operation in chosen)


def _draw_map(rng: random.Random, source: ElementSource, maps: tuple[Operation, ...], plain: bool) -> BoundOperation:
    same = [operation for operation in maps if operation.name == "same"]
    if same and rng.random() < 0.3:
        return _with_constant(rng, same[0])
    fitting = [operation for operation in _fitting(maps, source) if not (plain and len(operation.constants) > 1)]
    return _with_constant(rng, rng.choice(fitting))


def _fitting(operations: tuple[Operation, ...], source: ElementSource) -> list[Operation]:
    excluded = "unsigned" if source.signed else "signed"
    named = (source.tested or source.element).isidentifier()
    usable = [operation for operation in operations if named or not operation.short]
    return [operation for operation in usable if not getattr(operation, excluded)]


def _with_constant(rng: random.Random, operation: Operation) -> BoundOperation:
    return operation, rng.choice(operation.constants)
