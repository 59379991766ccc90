"""Commands that evaluate existing programs: grade, score."""

import json
from pathlib import Path
from typing import Any

import click

from codekiln.cli.options import JSON, grading_options, sandbox
from codekiln.errors import InputError


@click.command()
@click.option("--problems", required=True, help="MBPP, HumanEval or plain problems: a file or a Hub id.")
@click.option(
    "--samples", type=click.Path(path_type=Path), required=True, help="JSON Lines: task_id and solution or completion."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Gets one graded row a sample.")
@sandbox
@JSON
def grade(problems: str, samples: Path, out: Path, as_json: bool, **options: Any) -> None:
    """Grade programs in the sandbox; after an interruption the same command continues.

    Standard error names the protections that are on. Verdicts are kept in $CODEKILN_VERDICT_CACHE (a folder, or "off";
    default: ~/.cache/codekiln/verdicts), and equal programs are not run again.

    Example: codekiln grade --problems mbpp.jsonl --samples samples.jsonl --out graded.jsonl
    """
    from codekiln.sandbox.grading import grade_files
    from codekiln.sandbox.grading_summary import INFRASTRUCTURE_ERRORS, summary_text

    summary = grade_files(
        problems, samples, out, say=lambda line: click.echo(line, err=True), **grading_options(**options)
    )
    click.echo(json.dumps(summary) if as_json else summary_text(summary))
    if INFRASTRUCTURE_ERRORS in summary:
        click.echo("programs whose sandbox failed count as not passed; the same command grades them again", err=True)


@click.command()
@click.argument("file", type=click.File("r"))
@JSON
def score(file: Any, as_json: bool) -> None:
    """Score the Python program in FILE (- for standard input) on every metric.

    Example: codekiln score solution.py
    """
    from codekiln.code import metrics

    try:
        code = file.read().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise InputError(f"is not text: {error}", where=file.name, fix="give a Python program in UTF-8") from None
    scores = metrics.score_all([code])[0]
    if as_json:
        click.echo(json.dumps({item.metric: item.value for item in scores}))
        return
    for item in scores:
        value = "no signal" if item.value is None else f"{item.value:.2f}"
        click.echo(f"{item.metric:<28} {value:>10}  {item.reason or metrics.get(item.metric).describe}")
