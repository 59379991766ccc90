"""The errors codekiln raises on purpose.

CodekilnError
├── InputError      the user can fix it: exit code 2, no traceback
├── SandboxError    the sandbox itself broke (never: the program under test misbehaved)
├── ModelError      a model or an endpoint could not be loaded or answered wrongly
├── ClusterError    the cluster refused, or a job on it failed
└── RegistryError   the tracking server or the model registry refused
"""

import difflib
import itertools
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib.util import find_spec
from typing import TypeVar, cast

LINES = 25
_WIDTH = 1000
EXTRAS = {
    "train": ("accelerate", "bitsandbytes", "datasets", "deepspeed", "peft", "torch", "transformers", "trl"),
    "cluster": ("kfp", "kubernetes"),
    "serve": ("vllm",),
}
"""The packages of each extra of pyproject.toml, by the names that they are imported under."""
_PARTS = {"kfp_server_api": "kfp", "kfp_kubernetes": "kfp"}
"""Packages that come with another."""
T = TypeVar("T")
U = TypeVar("U")


class CodekilnError(Exception):
    """Base of every error codekiln raises on purpose.

    Its text has at most ``LINES`` lines: of a longer one, such as the end of a log, the first and the last are shown.

    Args:
        what: What is wrong, in one sentence.
        where: Where it is, as ``file:line.field``, ``--option`` or a settings key.
        fix: What to do about it.
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        self.what, self.where, self.fix = what, where, fix
        super().__init__(f"{where}: {what}" if where else what)

    def __str__(self) -> str:
        return _cut("\n  fix: ".join(part for part in (super().__str__(), self.fix) if part))


class InputError(CodekilnError):
    """A user's mistake: the same command succeeds once it is mended."""


class InputErrors(InputError):
    """Several mistakes found in one pass; the first ones are printed, one per line, and the number of the others.

    At most ``SHOWN`` are printed, and no more than fit into ``LINES``. What to do is printed once for mistakes that
    follow each other and have the same remedy.
    """

    SHOWN = 20

    def __init__(self, errors: Iterable[InputError]) -> None:
        self.errors = tuple(errors)
        lines: list[str] = []
        for shown in range(min(len(self.errors), self.SHOWN), 0, -1):
            more = len(self.errors) - shown
            lines = [*_one_by_one(self.errors[:shown]), *([f"... and {more:,} more"] if more else [])]
            if len(lines) <= LINES:
                break
        super().__init__("\n".join(lines))


def gather(*steps: Callable[[], T]) -> list[T]:
    """Return the results of all steps.

    Raises:
        InputErrors: The mistakes of all steps, where a step raised one: each is taken, whatever the others raise.
    """
    results: list[T] = []
    errors: list[InputError] = []
    for step in steps:
        errors += mistakes(partial(_append, results, step))
    if errors:
        raise InputErrors(errors)
    return results


def mistakes(step: Callable[[], object], *earlier: InputError) -> list[InputError]:
    """Return the mistakes of earlier steps and those that a step raises, one by one."""
    found = [one for error in earlier for one in (error.errors if isinstance(error, InputErrors) else (error,))]
    try:
        step()
    except InputErrors as several:
        found += several.errors
    except InputError as error:
        found.append(error)
    return found


def _append(results: list[T], step: Callable[[], T]) -> None:
    results.append(step())


def both(first: Callable[[], T], second: Callable[[], U]) -> tuple[T, U]:
    """Return the results of two steps of different types, as `gather` does."""
    found: list[T] = []
    *_, other = gather(lambda: found.append(first()), second)
    return found[0], cast("U", other)


def _one_by_one(errors: Sequence[InputError]) -> list[str]:
    """Return the lines of errors; of neighbours with one remedy, only the last names it."""
    texts = []
    for error, following in itertools.zip_longest(errors, errors[1:]):
        is_last = following is None or following.fix != error.fix
        texts.append(str(error) if is_last else _cut(Exception.__str__(error)))
    return "\n".join(texts).split("\n") if texts else []


class SandboxError(CodekilnError):
    """The sandbox could not do its work; says nothing about the program under test."""


class ModelError(CodekilnError):
    """A model or an endpoint could not be loaded, or answered in a form nobody can use."""


class ClusterError(CodekilnError):
    """The cluster could not be reached or refused, or a job on it failed; says where to look further."""


class RegistryError(CodekilnError):
    """The tracking server or the model registry could not be reached or refused a change."""


def _cut(text: str) -> str:
    """Return a text without the middle of its lines, and of each line that is too long."""
    lines = [line if len(line) <= _WIDTH else f"{line[: _WIDTH - 300]} ... {line[-295:]}" for line in text.split("\n")]
    if len(lines) <= LINES:
        return "\n".join(lines)
    first = LINES // 2
    last = LINES - first - 1
    return "\n".join([*lines[:first], f"... {len(lines) - first - last:,} lines ...", *lines[-last:]])


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?``, or the list of what there is when nothing is close."""
    known = sorted(known)
    close = closest(word, known)
    return f"did you mean '{close}'?" if close else f"there are: {', '.join(known)}"


def closest(word: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """Return the known word that ``word`` may be a misspelling of, or None; case, and ``-`` for ``_``, do not count.

    Args:
        word: What somebody wrote.
        known: What there is.
        likeness: How alike the two have to be, as `difflib` measures it: from 0 to 1.
    """
    spelled = {_plain(name): name for name in sorted(known, reverse=True)}
    close = difflib.get_close_matches(_plain(word), spelled, n=1, cutoff=likeness)
    return spelled[close[0]] if close else None


def _plain(word: str) -> str:
    return word.lower().replace("-", "_").replace(" ", "_")


def extra_of(module: str | None) -> str | None:
    """Return the extra that a module belongs to; None where it is of none."""
    package = (module or "").partition(".")[0]
    package = _PARTS.get(package, package)
    return next((extra for extra, packages in EXTRAS.items() if package in packages), None)


def uninstalled(extra: str) -> list[str]:
    """Return the packages of an extra that are not installed here."""
    return [package for package in EXTRAS[extra] if find_spec(package) is None]


def missing_extra(modules: Iterable[str], where: str) -> InputError:
    """Return the error that packages of one extra are not installed.

    Args:
        modules: The modules that cannot be imported, at least one.
        where: What needs them: a command, a plug-in or a setting.
    """
    names = [module.partition(".")[0] for module in modules]
    what = f"needs what is not installed: {', '.join(names)}"
    return InputError(what, where=where, fix=f"pip install 'codekiln[{extra_of(names[0])}]'")
