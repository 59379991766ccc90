"""Commands that evaluate existing programs: grade, score."""

import ast
import json
from pathlib import Path
from typing import Any

import click

from codekiln.cli.options import JSON, PROBLEMS, grading_options, output, sandbox
from codekiln.cli.words import PathType
from codekiln.data.python_text import syntax_tree
from codekiln.data.text import decoded, readable
from codekiln.errors import InputError


@click.command()
@click.option("--problems", required=True, help=PROBLEMS)
@click.option(
    "--samples", type=PathType(path_type=Path), required=True, help="JSON Lines: task_id and solution or completion."
)
@output("--out", type=PathType(path_type=Path), required=True, help="Gets one graded row a sample.")
@sandbox
@JSON
def grade(problems: str, samples: Path, output: Path, as_json: bool, **options: Any) -> None:
    """Grade programs in the sandbox.

    After an interruption the same command continues. Standard error names the protections that are on. Verdicts are
    kept in $CODEKILN_VERDICT_CACHE (a folder, or "off"; default: ~/.cache/codekiln/verdicts), and equal programs are
    not run again.

    \b
    Example: codekiln grade -o graded.jsonl \\
        --problems runs/demo/check/evaluation_problems/data.jsonl \\
        --samples runs/demo/evaluate/samples/sft/data.jsonl
    """
    from codekiln.sandbox.grading import grade_files
    from codekiln.sandbox.grading_summary import INFRASTRUCTURE_ERRORS, summary_text

    summary = grade_files(
        problems, samples, output, say=lambda line: click.echo(line, err=True), **grading_options(**options)
    )
    click.echo(json.dumps(summary) if as_json else summary_text(summary))
    if INFRASTRUCTURE_ERRORS in summary:
        click.echo("programs whose sandbox failed count as not passed; the same command grades them again", err=True)


def _require_program(code: str, where: str) -> None:
    """Refuse a text that has nothing to score: no Python, or no statement."""
    fix = "give a Python program"
    try:
        body = syntax_tree(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        what = error.msg if isinstance(error, SyntaxError) else str(error) or type(error).__name__
        raise InputError(f"is no Python: {what}", where=f"{where}{line}", fix=fix) from None
    if not body:
        what = "has only comments" if code.strip() else "is empty"
        raise InputError(f"{what}, no program", where=where, fix=fix)
    if all(_is_data(statement) for statement in body):
        # JSON is Python, too: a notebook or a line of samples would get a score.
        raise InputError("has only literals, no program", where=where, fix=fix)


def _is_data(statement: ast.stmt) -> bool:
    """Return whether a statement is a text, a number, or a list or dict of such: a notebook, a row of JSON."""
    if not isinstance(statement, ast.Expr):
        return False
    names = ("true", "false", "null")
    is_json = (ast.Constant, ast.List, ast.Dict, ast.Tuple, ast.Set, ast.UnaryOp, ast.USub, ast.expr_context)
    return all(
        isinstance(node, is_json) or (isinstance(node, ast.Name) and node.id in names)
        for node in ast.walk(statement.value)
    )


@click.command()
@click.argument("file", type=click.File("rb"))
@JSON
def score(file: Any, as_json: bool) -> None:
    """Score a Python program on every metric.

    FILE is - for standard input.

    Example: codekiln score - <<< "print(1 + 1)"
    """
    from codekiln.code import metrics

    name = getattr(file, "name", "<stdin>")
    with readable(Path("/dev/stdin" if name == "<stdin>" else name)):
        code = decoded(file.read())
    _require_program(code, name)
    scores = metrics.score_all([code])[0]
    if as_json:
        click.echo(json.dumps({item.metric: item.value for item in scores}))
        return
    for item in scores:
        value = "no signal" if item.value is None else f"{item.value:.2f}"
        click.echo(f"{item.metric:<28} {value:>10}  {item.reason or metrics.get(item.metric).describe}")
