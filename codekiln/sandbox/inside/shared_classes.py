"""Classes that the tests and the program both define."""

from types import SimpleNamespace

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NAME, _DICT = (type.__dict__[key].__get__ for key in ("__name__", "__dict__"))


class SharedClasses:
    """Classes that both sides define: those of the setup, by name, and a few of the standard library.

    Args:
        names: Names of the setup's classes.
        namespace: Where they are; they are looked up when they are needed, since the setup runs meanwhile.
    """

    def __init__(self, names: "tuple[str, ...]" = (), namespace: "dict[str, Any] | None" = None) -> None:
        self._names = frozenset(names)
        self._namespace: dict[str, Any] = {} if namespace is None else namespace

    def name_of(self, kind: type) -> "str | None":
        """Return the name of a class, or None where the other side does not have it."""
        if kind is SimpleNamespace:
            return "SimpleNamespace"
        name: str = _NAME(kind)
        if name not in self._names or self._namespace.get(name) is not kind:
            return None
        return None if "_codekiln_number" in _DICT(kind) else name  # what stands for a class of the program alone

    def find(self, name: "Any") -> "Any":
        """Return a class by its name; raises ValueError where there is none."""
        found = self._namespace.get(name) if name in self._names else None
        if found is None and name == "SimpleNamespace":
            return SimpleNamespace
        if not isinstance(found, type):
            raise ValueError("not a class of the setup")
        return found
