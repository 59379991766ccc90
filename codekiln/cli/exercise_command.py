"""The command ``exercise``: a debugging exercise for an educator."""

import json
from pathlib import Path
from typing import Any

import click

from codekiln.cli import names
from codekiln.cli.options import JSON, TRACKING, Renamed
from codekiln.cli.words import PathType
from codekiln.data.text import read_text
from codekiln.errors import InputError

FILE = PathType(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--program", "program_file", type=FILE, required=True, help="A correct Python program.")
@click.option("--description", required=True, help="The programming problem, in words.")
@click.option("--syntax", type=click.IntRange(min=0), default=0, show_default=True, help="Syntax errors.")
@click.option("--runtime", type=click.IntRange(min=0), default=0, show_default=True, help="Runtime errors.")
@click.option("--logical", type=click.IntRange(min=0), default=0, show_default=True, help="Logical errors.")
@click.option("--stdin", "stdin_files", type=FILE, multiple=True, help="What the program reads; repeatable.")
@click.option("--call", "calls", multiple=True, help="An expression to evaluate after the program; repeatable.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Another seed, another exercise."
)
@click.option(
    "--model", cls=Renamed, former=("--adapter",), default="",
    help="Ask it: NAME@champion, NAME/1, or an adapter's folder; default: mutations.",
)  # fmt: skip
@click.option(
    "--base-model", type=names.BASE_MODEL, default="tiny", show_default=True, help="The adapter's base model."
)
@click.option("--tries", type=click.IntRange(min=1), default=8, show_default=True, help="Replies of the adapter.")
@click.option(
    "--reply-form", type=click.Choice(["program", "edits"]), default="program", show_default=True,
    help="The form of replies it was trained on.",
)  # fmt: skip
@TRACKING
@click.option("--markdown", is_flag=True, help="Print Markdown, the answers folded away.")
@JSON
def exercise(
    program_file: Path,
    description: str,
    syntax: int,
    runtime: int,
    logical: int,
    stdin_files: tuple[Path, ...],
    calls: tuple[str, ...],
    model: str,
    markdown: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Put errors into a correct program and print the answers.

    Every error is proven alone. Exit code 1: no reply of the model was right.

    \b
    Example: codekiln exercise --description "Add 0 to 3" --logical 1 \\
        --program /dev/stdin <<< "n = 3; print(sum(range(n + 1)))"
    """
    from codekiln.recipes.debugging.command import make_exercise
    from codekiln.stages.named_model import REGISTERED, is_registered

    if markdown and as_json:
        raise InputError("are two forms", where="--markdown and --json", fix="give one of them")
    if is_registered(model):
        model = f"{REGISTERED}{model.removeprefix(REGISTERED)}"
    made = make_exercise(
        read_text(program_file),
        description,
        {"syntax": syntax, "runtime": runtime, "logical": logical},
        [read_text(path) for path in stdin_files],
        calls=calls,
        adapter=model,
        **options,
    )
    if as_json:
        click.echo(json.dumps(made.as_json(), indent=2, ensure_ascii=False))
    else:
        click.echo(made.markdown() if markdown else made.render())
