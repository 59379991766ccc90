"""Reductions: what a problem's function returns of the mapped elements."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any


@dataclass(frozen=True)
class Reduction:
    """The result of the mapped elements; ``{items}`` in ``code`` is where the generator expression goes."""

    name: str
    takes: str
    code: str
    phrase: str
    apply: Callable[[list[Any]], Any] = field(compare=False)
    imports: str = ""
    bare: bool = False
    """Used only on unmapped elements: a mapping would not change the result."""


def _joined(texts: list[str]) -> str:
    text = ""
    for part in texts:
        text += part
    return text


# One entry per line reads better than one argument per line.
# fmt: off
REDUCTIONS = (
    Reduction("sum", "int", "sum({items})", "the sum", lambda v: sum(v)),
    Reduction("product", "int", "prod({items})", "the product", prod, "from math import prod"),
    Reduction("max", "int", "max(({items}), default=0)", "the largest (0 if none)",
              lambda v: sorted(v)[-1] if v else 0),
    Reduction("min", "int", "min(({items}), default=0)", "the smallest (0 if none)",
              lambda v: sorted(v)[0] if v else 0),
    Reduction("lastdigit", "int", "sum({items}) % 10", "the sum modulo 10", lambda v: sum(v) - sum(v) // 10 * 10),
    Reduction("twice", "int", "sum({items}) * 2", "twice the sum", lambda v: sum(v) + sum(v)),
    Reduction("rest", "int", "100 - sum({items})", "100 minus the sum", lambda v: -(sum(v) - 100)),
    Reduction("descending", "int", "sorted(({items}), reverse=True)", "the descending list", lambda v: sorted(v)[::-1]),
    Reduction("count", "any", "len([{items}])", "the number", lambda v: sum(1 for _ in v), bare=True),
    Reduction("list", "any", "[{items}]", "the list", list),
    Reduction("sorted", "any", "sorted({items})", "the sorted list", sorted),
    Reduction("reversed", "any", "[{items}][::-1]", "the reversed list", lambda v: [*reversed(v)]),
    Reduction("firsttwo", "any", "[{items}][:2]", "the first two", lambda v: [x for i, x in enumerate(v) if i < 2]),
    Reduction("distinct", "any", "len({{{items}}})", "the number of different ones", lambda v: len(dict.fromkeys(v))),
    Reduction("unique", "any", "sorted({{{items}}})", "the sorted list without repeats",
              lambda v: sorted(dict.fromkeys(v))),
    Reduction("spaced", "str", "' '.join({items})", "the text joined by spaces",
              lambda v: "".join(" " + x for x in v)[1:]),
    Reduction("dashed", "str", "'-'.join({items})", "the text joined by '-'",
              lambda v: "".join("-" + x for x in v)[1:]),
    Reduction("joined", "str", "''.join({items})", "the joined text", _joined),
    Reduction("longest", "str", "max(({items}), key=len, default='')", "the longest ('' if none)",
              lambda v: sorted(v, key=lambda x: -len(x))[0] if v else ""),
    Reduction("foremost", "str", "min(({items}), default='')", "the alphabetically first ('' if none)",
              lambda v: sorted(v)[0] if v else ""),
    Reduction("any", "bool", "any({items})", "whether any", lambda v: True in v),
    Reduction("all", "bool", "all({items})", "whether all", lambda v: False not in v),
    Reduction("none", "bool", "not any({items})", "whether none", lambda v: True not in v),
)
# fmt: on
TABLE = Reduction("table", "any", "{{{items}}}", "the dictionary", lambda v: v)
