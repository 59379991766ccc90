"""Filters of graded samples: one file each, found by being there.

A filter is a module of this package whose name does not start with an underscore and that defines ``FILTER``. Its
``create(context)`` returns a check ``(problem, graded) -> None | reason`` that is called once per row, in order, so a
check may remember what it has seen. A row is rejected with the reason of the first filter that objects.
"""

import importlib
import pkgutil
from collections.abc import Sequence
from functools import cache
from typing import Any

from codekiln.data.records import Graded, Problem
from codekiln.errors import InputError, did_you_mean
from codekiln.filters._filter import Check, Context, Filter

__all__ = ["DEFAULT", "Check", "Context", "Filter", "chain", "get", "names"]

DEFAULT = ("passed", "placeholder", "length", "contaminated", "duplicate")
"""Cheap and decisive first; ``duplicate`` last, so that only rows that are kept count as seen."""


def names() -> tuple[str, ...]:
    """Return the names of all filters."""
    return _all_names()


@cache
def _all_names() -> tuple[str, ...]:
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")))


def get(name: str) -> Filter:
    """Return the filter called ``name``.

    Raises:
        InputError: There is no such filter.
    """
    if name not in _all_names():
        raise InputError(f"there is no filter '{name}'", fix=did_you_mean(name, _all_names()))
    return importlib.import_module(f"{__name__}.{name}").FILTER


def chain(names: Sequence[str] = DEFAULT, **context: Any) -> Check:
    """Return one check that asks the filters ``names`` in order; make a new one for every pass.

    Args:
        names: Filters, the first to ask first.
        **context: The fields of ``Context``.

    Raises:
        InputError: A filter does not exist, or lacks what it needs in ``context``.
    """
    given = Context(**context)
    checks = [get(name).create(given) for name in names]

    def check(problem: Problem, graded: Graded) -> str | None:
        return next((reason for one in checks if (reason := one(problem, graded))), None)

    return check
