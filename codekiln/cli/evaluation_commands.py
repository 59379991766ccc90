"""Commands that evaluate existing programs and runs: grade, score, compare."""

import json
from pathlib import Path
from typing import Any

import click

from codekiln.cli.options import JSON
from codekiln.errors import InputError


@click.command()
@click.option("--problems", required=True, help="MBPP, HumanEval or plain problems: a file or a Hub id.")
@click.option(
    "--samples", type=click.Path(path_type=Path), required=True, help="JSON Lines: task_id and solution or completion."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Gets one graded row a sample.")
@click.option("--workers", type=click.IntRange(min=1), default=None, help="Sandbox workers; default: one per core.")
@click.option(
    "--allow-imports",
    multiple=True,
    metavar="NAME,...",
    help="Installed packages that programs may import; repeatable.",
)
@click.option("--allow-weaker", is_flag=True, help="Grade even where programs can read this machine's files.")
@click.option("--no-cache", is_flag=True, help="Run every program, also those whose verdicts are known.")
@JSON
def grade(
    problems: str,
    samples: Path,
    out: Path,
    workers: int | None,
    allow_imports: tuple[str, ...],
    allow_weaker: bool,
    no_cache: bool,
    as_json: bool,
) -> None:
    """Grade programs in the sandbox; after an interruption the same command continues.

    Standard error names the protections that are on. Verdicts are kept in $CODEKILN_VERDICT_CACHE (a folder, or "off";
    default: ~/.cache/codekiln/verdicts), and equal programs are not run again.

    Example: codekiln grade --problems mbpp.jsonl --samples samples.jsonl --out graded.jsonl
    """
    from codekiln.sandbox.grading import grade_files
    from codekiln.sandbox.grading_summary import INFRASTRUCTURE_ERRORS, summary_text

    names = [name.strip() for given in allow_imports for name in given.split(",") if name.strip()]
    summary = grade_files(
        problems,
        samples,
        out,
        workers,
        allow_imports=names,
        allow_weaker=allow_weaker,
        use_cache=not no_cache,
        say=lambda line: click.echo(line, err=True),
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


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--against", default="base", show_default=True, help="The contender to compare with.")
@JSON
def compare(folder: Path, against: str, as_json: bool) -> None:
    """Compare the contenders of an evaluation, problem by problem, with 95 % intervals; also per stratum.

    FOLDER is the output of an evaluate stage, or the working directory of a run.

    Example: codekiln compare runs/latest --against base
    """
    from codekiln.evaluation import comparison_table, strata_table
    from codekiln.stages.evaluate import EVALUATION, read_evaluation

    inner = folder / "evaluate"
    evaluation = read_evaluation(inner if (inner / EVALUATION).exists() else folder)
    if as_json:
        click.echo(evaluation.model_dump_json(exclude={"per_problem"}))
        return
    click.echo(comparison_table(evaluation, against))
    if strata := strata_table(evaluation, evaluation.measures):
        click.echo(f"\n{strata}")
