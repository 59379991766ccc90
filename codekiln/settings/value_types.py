"""Values of another type than a setting has: pydantic reads the text "2" and the word true as the number they resemble.

In TOML and JSON both are mistakes, as a nested table or a list in their place is, which pydantic refuses itself.
"""

from collections.abc import Iterator, Mapping
from typing import Any

_NAMES = {bool: "true or false", int: "a number", float: "a number", str: "a text"}


def mistyped(given: Any, read: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str, Any]]:
    """Yield the place of each value whose type is not that of the setting read from it, what is wrong, and the value.

    Args:
        given: What stands in a profile, a run form or an override.
        read: The same values as the schema holds them.
        place: Where both stand.
    """
    if isinstance(given, Mapping) and isinstance(read, Mapping):
        for key, value in given.items():
            yield from mistyped(value, read.get(key), (*place, str(key)))
    elif isinstance(given, list | tuple) and isinstance(read, list | tuple):
        for number, (value, element) in enumerate(zip(given, read, strict=False)):
            yield from mistyped(value, element, (*place, str(number)))
    elif isinstance(given, str) and not _is_text(given):
        yield place, "holds a character that no file name or text has, such as NUL", given
    elif type(given) in _NAMES and type(read) in _NAMES and _NAMES[type(given)] != _NAMES[type(read)]:
        yield place, f"is {_NAMES[type(given)]} and has to be {_NAMES[type(read)]}", given


def _is_text(value: str) -> bool:
    return "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
