"""Filters of graded samples: one file each, or an entry point `codekiln.filters`."""

from collections.abc import Mapping, Sequence
from typing import Any

from codekiln.data.records import Graded, Problem
from codekiln.filters.base import Check, Context, Filter
from codekiln.plugins import ModulePlugins, subclass_in

__all__ = ["DEFAULT", "Check", "Context", "Filter", "chain", "get", "names"]

DEFAULT = ("passed", "placeholder", "length", "contaminated", "duplicate")
"""Cheap and decisive first; ``duplicate`` last, so that only rows that are kept count as seen."""

_FILTERS: ModulePlugins[type[Filter[Any]]] = ModulePlugins("filter", __name__, subclass_in(Filter), shared=("base",))

names = _FILTERS.names
get = _FILTERS.get


def chain(
    names: Sequence[str] = DEFAULT,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    evaluation: Sequence[Problem] = (),
) -> Check:
    """Return one check that asks the filters ``names`` in order; make a new one for every pass.

    Args:
        names: Filters, the first to ask first.
        settings: The filters' own settings, by name; defaults for those that are not named.
        evaluation: The problems that models are evaluated on.

    Raises:
        InputError: A filter does not exist, or lacks what it needs in the context.
    """
    context, given = Context(evaluation), settings or {}
    kinds = [get(name) for name in names]
    filters = [kind(kind.Settings.model_validate(given.get(kind.name, {})), context) for kind in kinds]

    def check(problem: Problem, graded: Graded) -> str | None:
        return next((reason for one in filters if (reason := one.reason(problem, graded))), None)

    return check
