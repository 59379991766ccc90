"""The command ``generate``: programs from a base model, an adapter, or a registered version."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codekiln.cli import names
from codekiln.cli.options import BASE_OF_ADAPTER, JSON, PROBLEMS, PUBLIC_KEY, TRACKING, output
from codekiln.cli.words import PathType
from codekiln.data.text import decoded, first_line
from codekiln.errors import InputError

if TYPE_CHECKING:
    from codekiln.inference.engine_settings import Engine
    from codekiln.stages.prompting import Written


@click.command()
@click.argument("prompt", default="")
@click.option(
    "--model", type=names.BASE_MODEL, default="tiny", show_default=True,
    help="NAME@champion, an adapter's folder, or a base model.",
)  # fmt: skip
@click.option("--problems", default="", help=f"Ask these instead: {PROBLEMS}")
@output("--out", type=PathType(dir_okay=False, path_type=Path), help="Gets the samples as JSON Lines.")
@click.option("--grade", "graded", is_flag=True, help="Run the programs against the problems' tests, or --test.")
@click.option("--test", "tests", multiple=True, metavar="ASSERT", help="A test of the prompt's program; repeatable.")
@click.option("--n", type=click.IntRange(min=1), default=1, show_default=True, help="Programs for each prompt.")
@click.option("--temperature", type=click.FloatRange(min=0), help="Default: 0 (the likeliest), and 0.8 with --n.")
@click.option("--max-new-tokens", type=click.IntRange(min=1), default=512, show_default=True, help="Longest reply.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Another seed, other programs.")
@click.option(
    "--engine", type=click.Choice(["transformers", "vllm"]), default="transformers", show_default=True,
    help="What samples; vllm pays off for many prompts.",
)  # fmt: skip
@BASE_OF_ADAPTER
@TRACKING
@PUBLIC_KEY
@JSON
def generate(
    prompt: str,
    model: str,
    problems: str,
    output: Path | None,
    graded: bool,
    tests: tuple[str, ...],
    n: int,
    temperature: float | None,
    max_new_tokens: int,
    seed: int,
    engine: "Engine",
    base_model: str,
    tracking_uri: str,
    public_key: Path | None,
    as_json: bool,
) -> None:
    """Let a model write programs, and print them.

    PROMPT is - for standard input. With --test or --grade they run in the sandbox; exit code 1: a problem has no
    program that passes.

    \b
    Example: codekiln generate --model codekiln-tiny@champion \\
        "Define add(a, b). Return the sum of a and b."
    """
    from codekiln.inference import Sampling
    from codekiln.stages.named_model import named_model
    from codekiln.stages.prompting import read_prompts, write_programs

    graded = graded or bool(tests)
    asked = read_prompts(_prompt(prompt), problems, tests, graded=graded)
    heat = (0.8 if n > 1 else 0.0) if temperature is None else temperature
    sampling = Sampling(n=n, temperature=heat, max_new_tokens=max_new_tokens, seed=seed)
    with named_model(model, base_model, tracking_uri, public_key) as chosen:
        written = write_programs(chosen, asked, sampling, out=output, graded=graded, engine=engine)
    if as_json:
        click.echo(json.dumps([_row(each) for each in written], indent=2))
    else:
        _print(written, n, output)
    if graded:
        solved = {each.sample.task_id for each in written if each.passed}
        passed = sum(each.passed for each in written)
        click.echo(
            f"{passed} of {len(written)} programs pass; {len(solved)} of {len(asked)} problems are solved", err=True
        )
        if len(solved) < len(asked):
            raise SystemExit(1)


def _prompt(given: str) -> str:
    if given != "-":
        return given
    try:
        return decoded(sys.stdin.buffer.read())
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 text: {error.reason}", where="standard input", fix="give text") from None


def _row(written: "Written") -> dict[str, Any]:
    row: dict[str, Any] = written.sample.model_dump(exclude_none=True)
    return row | ({"verdict": written.verdict.model_dump()} if written.verdict else {})


def _print(written: "Sequence[Written]", n: int, out: Path | None) -> None:
    """Print the programs, each under a comment where there are several; into a file they went already."""
    for place, each in enumerate(written):
        verdict = f": {_verdict(each)}" if each.verdict else ""
        which = f" ({place % n + 1} of {n})" if n > 1 else ""
        if len(written) > 1 or verdict:
            click.echo(f"# {each.sample.task_id}{which}{verdict}")
        if not out:
            click.echo(f"{each.sample.solution}\n" if len(written) > 1 else each.sample.solution)
    if out:
        click.echo(f"{len(written)} samples in {out}", err=True)


def _verdict(written: "Written") -> str:
    assert written.verdict is not None, "only graded programs have one"
    found = written.verdict
    detail = f", {first_line(found.detail)}" if found.detail and not written.passed else ""
    return f"{found.status}, {found.tests_passed} of {found.tests_total} tests{detail}"
