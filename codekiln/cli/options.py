"""Options that several commands share: each is declared once, so that it means the same everywhere."""

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from codekiln.cli import names
from codekiln.cli.words import PathType
from codekiln.errors import InputError
from codekiln.settings.form import FIELDS

Command = TypeVar("Command", bound=Callable[..., Any])

TRACKING = click.option(
    "--tracking-uri",
    default="",
    metavar="URI",
    help="MLflow; default: MLFLOW_TRACKING_URI, or mlflow.db or runs/demo/mlflow.db here.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON; everything else goes to standard error.")
PUBLIC_KEY = click.option(
    "--public-key",
    type=PathType(path_type=Path),
    help="Refuse what no record signed with this Ed25519 key proves.",
)
BASE_OF_ADAPTER = click.option(
    "--base-model", type=names.BASE_MODEL, default="", help="The adapter's base, where it lies elsewhere now."
)
PROBLEMS = "MBPP, HumanEval or plain problems: a file or a Hub id."
WORKERS = click.option(
    "--workers", type=click.IntRange(min=1), default=None, help="Sandbox workers; default: one per core."
)


class Renamed(click.Option):
    """An option that is still taken under former names, which help does not show."""

    def __init__(self, declarations: Sequence[str], former: Sequence[str] = (), **attributes: Any) -> None:
        self.former = former
        super().__init__([*declarations, *former], **attributes)

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the names that are shown, and what the option does."""
        with self._without_former():
            return super().get_help_record(ctx)

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Return the names that a message has."""
        with self._without_former():
            return super().get_error_hint(ctx)

    @contextlib.contextmanager
    def _without_former(self) -> Iterator[None]:
        taken = self.opts
        self.opts = [name for name in taken if name not in self.former]
        try:
            yield
        finally:
            self.opts = taken


def output(*former: str, **attributes: Any) -> Callable[[Command], Command]:
    """Return the option that says where the result goes."""
    return click.option("-o", "--output", "output", cls=Renamed, former=former, callback=_named, **attributes)


def _named(ctx: click.Context, param: click.Parameter, value: Path | None) -> Path | None:
    # Elsewhere - is standard output; here it would become a file of that name, with a journal beside it.
    if value == Path("-"):
        raise InputError("- is no path, and results do not go to standard output", where="--output", fix="give a path")
    return value


_FORM: dict[str, names.Name | None] = {
    "recipe": names.RECIPE,
    "base_model": names.BASE_MODEL,
    "metric": names.METRIC,
    "promote_as": None,
    "pool": names.POOL,
    "experiment": None,
}


def _run_options(profile: str | None, workdir: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the options of a run: their names, and their attributes."""
    about = "Sizes and defaults: a name of `codekiln profiles`, or a TOML file."
    yield "--profile", {"type": names.PROFILE, "default": profile, "show_default": True, "help": about}
    for name, kind in _FORM.items():
        takes, _, empty = FIELDS[name]
        takes = takes.replace("or a Hub id", "a folder, or a Hub id") if profile else takes
        text = f"{takes[0].upper()}{takes[1:]}; default: {empty}."
        yield f"--{name.replace('_', '-')}", {"type": kind, "metavar": None if kind else "NAME", "help": text}
    about = "A setting over the profile; repeatable."
    yield "--set", {"type": names.SETTING, "multiple": True, "metavar": "KEY=VALUE", "help": about}
    about = "MLflow; default: MLFLOW_TRACKING_URI, or mlflow.db in the working directory."
    yield "--tracking-uri", {"metavar": "URI", "help": about}
    folder = PathType(path_type=Path, file_okay=False)
    yield "--workdir", {"type": folder, "default": workdir or None, "show_default": True, "help": "Folder of the run."}


def run_options(
    *, profile: str | None = "laptop", workdir: str = "", without: Mapping[str, tuple[str, str]] | None = None
) -> Callable[[Command], Command]:
    """Return a decorator with the options that ``run``, ``judge``, ``check``, ``plan`` and ``submit`` share.

    Args:
        profile: The default profile; None: the pipeline's own.
        workdir: The default working directory.
        without: Options that the command cannot heed: why not, and what to do instead.
    """
    refused = dict(without or {})

    def decorate(command: Command) -> Command:
        command = JSON(command)
        for name, attributes in reversed(list(_run_options(profile, workdir))):
            if name in refused:
                attributes = {"hidden": True, "expose_value": False, "callback": partial(_refuse, *refused[name])}
            command = click.option(name, *(["overrides"] if name == "--set" else []), **attributes)(command)
        return command

    return decorate


def _refuse(why: str, fix: str, ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value is not None:
        raise InputError(why, where=param.opts[0], fix=fix)


def form_of(options: dict[str, Any]) -> dict[str, str]:
    """Take the inputs of the run form out of the options of a command; those that are not given are left out."""
    found = {name: options.pop(name, None) for name in FIELDS}
    return {name: value for name, value in found.items() if value is not None}


def settings_of(overrides: Sequence[str], tracking_uri: str | None) -> list[str]:
    """Return all settings over the profile as `--set` takes them."""
    return [*overrides, *([f"tracking_uri={json.dumps(tracking_uri)}"] if tracking_uri else [])]


@contextlib.contextmanager
def only_json(as_json: bool) -> Iterator[None]:
    """Send what is printed in this block to standard error, where standard output is for JSON alone."""
    with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
        yield


def print_json(value: Any) -> None:
    """Print the data that a command returns."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


_SANDBOX = (
    WORKERS,
    click.option(
        "--allow-imports",
        multiple=True,
        metavar="NAME,...",
        help="Installed packages that programs may import; repeatable.",
    ),
    click.option("--allow-weaker", is_flag=True, help="Grade even where programs can read this machine's files."),
    click.option("--no-cache", is_flag=True, help="Run every program, also those whose verdicts are known."),
)


def sandbox(command: Command) -> Command:
    """Give a command the options of grading; `grading_options` reads them."""
    for option in reversed(_SANDBOX):
        command = option(command)
    return command


def grading_options(
    workers: int | None, allow_imports: Sequence[str], allow_weaker: bool, no_cache: bool
) -> dict[str, Any]:
    """Return the options of grading as arguments of `sandbox.grading.grade_files`."""
    names = [name.strip() for given in allow_imports for name in given.split(",") if name.strip()]
    return {"workers": workers, "allow_imports": names, "allow_weaker": allow_weaker, "use_cache": not no_cache}
