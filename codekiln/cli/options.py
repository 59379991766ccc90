"""Options that several commands share."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

SET = click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="A setting over the profile; repeatable."
)
PROFILE = click.option(
    "--profile", default="laptop", show_default=True, help="Sizes and defaults; a name or a TOML file."
)
TRACKING = click.option(
    "--tracking-uri",
    default="",
    metavar="URI",
    help="MLflow; default: MLFLOW_TRACKING_URI, or mlflow.db or runs/demo/mlflow.db here.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

Command = TypeVar("Command", bound=Callable[..., Any])
_SANDBOX = (
    click.option("--workers", type=click.IntRange(min=1), default=None, help="Sandbox workers; default: one per core."),
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
