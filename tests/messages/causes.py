"""What the tables of messages share."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest

from codekiln.errors import CodekilnError, InputError

Cause = Callable[[Path, pytest.MonkeyPatch], Any]


def raises(error: BaseException) -> Callable[..., NoReturn]:
    """Return a function that raises an error, whatever it is given."""

    def call(*args: Any, **kwargs: Any) -> NoReturn:
        raise error

    return call


def ids(cases: Sequence[tuple[Cause, int, str]]) -> list[str]:
    """Return the first line of each message."""
    return [text.partition("\n")[0] for _, _, text in cases]


def caused(cause: Cause, folder: Path, patch: pytest.MonkeyPatch) -> tuple[int, str]:
    """Return the exit code and the text of the error that ``cause`` raises; FOLDER stands for ``folder`` there."""
    with pytest.raises(CodekilnError) as error:
        cause(folder, patch)
    return 2 if isinstance(error.value, InputError) else 1, str(error.value).replace(str(folder), "FOLDER")
