"""The inputs in EvalPlus's files: JSON has lists only, and some problems of MBPP+ take tuples, sets or complex numbers.

Which problems do is a fact about the data set (``evalplus/data/mbpp.py`` of EvalPlus 0.3.1), given here as paths into
the arguments: ``0`` is the first argument, ``*`` every item, and what the path leads to becomes a tuple.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

_BIG = 1 << 63
_SCALARS = frozenset((str, float, bool, type(None)))

_TUPLES: dict[tuple[str, ...], tuple[int, ...]] = {
    ("*",): (
        2, 116, 132, 143, 222, 261, 273, 394, 399, 421, 424, 429, 470, 560, 579, 596, 616, 630, 726, 740, 744, 809,
    ),
    ("*.*",): (63, 64, 70, 94, 120, 237, 272, 299, 400, 409, 417, 438, 473, 614, 780),
    ("*.*", "*"): (259, 278, 401, 445),
    ("0.*",): (75, 413, 444, 722, 753),
    ("0",): (250, 307, 405, 446, 617, 720, 763, 808),
    ("1",): (106, 750),
}  # fmt: skip
_PATHS = {task: paths for paths, tasks in _TUPLES.items() for task in tasks}


def _to_deep_tuple(value: Any) -> Any:
    return tuple(map(_to_deep_tuple, value)) if isinstance(value, list) else value


def _to_sets(arguments: list[Any]) -> list[Any]:
    # EvalPlus gives an empty dict where the file has an empty list.
    return [
        [set(item) if isinstance(item, list) and item else {} for item in argument]
        if isinstance(argument, list) else argument
        for argument in arguments
    ]  # fmt: skip


_OTHERS: dict[int, Callable[[list[Any]], list[Any]]] = {
    115: _to_sets,
    124: lambda arguments: [float(arguments[0]), complex(arguments[1])],
    252: lambda arguments: [complex(arguments[0])],
    580: lambda arguments: list(_to_deep_tuple(arguments)),
    615: lambda arguments: list(_to_deep_tuple(arguments)),
    791: lambda arguments: list(_to_deep_tuple(arguments)),
}


def mbpp_arguments(task_id: str, arguments: list[Any]) -> list[Any]:
    """Return the arguments of one call as the problem takes them, tuples and other types restored.

    Raises:
        ValueError, TypeError, IndexError: The arguments do not have the shape that the problem's inputs have.
    """
    number = task_id.rpartition("/")[2]
    task = int(number) if number.isdecimal() else -1
    if task in _OTHERS:
        return _OTHERS[task](arguments)
    for path in _PATHS.get(task, ()):
        arguments = _with_tuples(arguments, path.split("."))
    return arguments


def _with_tuples(value: Any, path: Sequence[str]) -> Any:
    if not path:
        return tuple(value) if isinstance(value, list) else value
    step, rest = path[0], path[1:]
    if isinstance(value, dict):
        return {key: _with_tuples(item, rest) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    return [_with_tuples(item, rest) if step == "*" or int(step) == place else item for place, item in enumerate(value)]


def encode_arguments(arguments: Sequence[Any]) -> str:
    """Return the arguments of one call as ``ReferenceTest.inputs`` holds them.

    Lists, strings, numbers, booleans and null are JSON; other types are an object with one key, the type's name, as
    ``sandbox/inside/plain_values.py`` reads them.
    """
    return json.dumps(_tagged(list(arguments)))


def _tagged(value: Any) -> Any:
    if isinstance(value, list):
        # Most items are scalars, and there are a million of them in a file.
        return [
            item if (kind := type(item)) in _SCALARS or (kind is int and -_BIG < item < _BIG) else _tagged(item)
            for item in value
        ]
    if isinstance(value, tuple | set | frozenset):
        return {type(value).__name__: [_tagged(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[_tagged(key), _tagged(item)] for key, item in value.items()]}
    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    if isinstance(value, int) and not -_BIG < value < _BIG:
        return {"int": hex(value)}
    return value
