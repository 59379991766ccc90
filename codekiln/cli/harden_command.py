"""The command ``harden``: tests that kill mutants of the references."""

import json
from pathlib import Path

import click

from codekiln.cli.options import JSON, PROBLEMS, WORKERS, output
from codekiln.cli.words import PathType


@click.command()
@click.option("--problems", required=True, help=PROBLEMS)
@output("--out", type=PathType(path_type=Path), required=True, help="Gets the problems with further tests.")
@click.option("--mutants", type=click.IntRange(min=1), default=30, show_default=True, help="Most mutants a problem.")
@click.option("--max-tests", type=click.IntRange(min=0), default=8, show_default=True, help="Most tests added to one.")
@click.option("--inputs", type=click.IntRange(min=1), default=300, show_default=True, help="Most inputs tried on one.")
@click.option(
    "--strangeness",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="How many traits of an added input (sign, length, order ...) may be unlike the problem's own.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seeds mutants and inputs.")
@WORKERS
@JSON
def harden(
    problems: str,
    output: Path,
    mutants: int,
    max_tests: int,
    inputs: int,
    strangeness: int,
    seed: int,
    workers: int | None,
    as_json: bool,
) -> None:
    """Add tests that kill mutants of each problem's reference.

    After an interruption the same command continues. A problem without a reference that passes its tests stays as it
    is. docs/own-data.md says what to check by hand.

    \b
    Example: codekiln harden -o hardened.jsonl \\
        --problems runs/demo/check/evaluation_problems/data.jsonl
    """
    from codekiln.code.hardening import Options, harden_file, summary_text

    options = Options(mutants=mutants, max_tests=max_tests, inputs=inputs, strangeness=strangeness, seed=seed)
    summary = harden_file(problems, output, options, workers, say=lambda line: click.echo(line, err=True))
    click.echo(json.dumps(summary) if as_json else summary_text(summary))
