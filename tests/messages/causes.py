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


def is_caused(cause: Cause, code: int, text: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Check that ``cause`` raises an error with this text and exit code; FOLDER stands for ``folder`` in the text."""
    with pytest.raises(CodekilnError) as caught:
        cause(folder, patch)
    assert str(caught.value).replace(str(folder), "FOLDER") == text
    assert code == (2 if isinstance(caught.value, InputError) else 1)
