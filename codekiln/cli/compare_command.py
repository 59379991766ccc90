"""The command compare: contenders of a finished run, or files of samples."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from codekiln.cli import exit_codes, names
from codekiln.cli.options import JSON, grading_options, output, sandbox
from codekiln.cli.words import PathType
from codekiln.errors import InputError, did_you_mean

_EXAMPLE = "codekiln compare --problems mbpp.jsonl base=a.jsonl dpo=b.jsonl -o runs/judged"


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="FOLDER | NAME=SAMPLES...")
@click.option("--against", default="", help="For a folder: the contender to compare with; default: base.")
@click.option("--problems", default="", help="What the samples answer: a file or a Hub id, as for grade.")
@output("--out", type=PathType(path_type=Path, file_okay=False), help="Gets results.json and report.html.")
@click.option("--base", default="", help="Default: the first name.")
@click.option("--candidate", default="", help="The contender to judge; default: the last name.")
@click.option("--metric", type=names.METRIC, default="", help="The target; default: structural_maintainability.")
@click.option("--tolerance", type=click.FloatRange(0, 1, max_open=True), default=0.02, show_default=True,
              help="How far pass@1 may fall.")  # fmt: skip
@click.option("--k", "ks", type=click.IntRange(min=1), multiple=True, help="k of pass@k; repeatable; default: 1, 10.")
@click.option("--benchmark", "benchmarks", multiple=True, metavar="NAME=PROBLEMS",
              help="pass@1 may not fall on these problems either; samples: dpo@NAME=...")  # fmt: skip
@click.option("--advisory", multiple=True, metavar="NAME", help="A benchmark that is reported and does not decide.")
@sandbox
@JSON
def compare(sources: tuple[str, ...], against: str, problems: str, as_json: bool, **options: Any) -> None:
    """Compare contenders of a run, or files of samples.

    Problem by problem, with 95 % intervals, and per stratum. FOLDER is a run's working directory or its evaluate
    stage's output. Given files of samples (a name twice: several runs), they are graded, scored and judged; 4 is the
    exit code of "not promoted". It continues after interruptions.

    Example: codekiln compare runs/demo --against sft
    """
    if problems or options["output"] or any("=" in source for source in sources):
        if against:
            raise InputError("is for the folder of a run", where="--against", fix="name the contender by --base")
        _compare_samples(sources, problems, as_json, **options)
    else:
        _compare_run(sources, against or "base", as_json)


def _compare_run(sources: Sequence[str], against: str, as_json: bool) -> None:
    from codekiln.evaluation import benchmark_table, comparison_table, strata_table
    from codekiln.stages.evaluate import EVALUATION, read_evaluation

    if len(sources) > 1 or not Path(sources[0]).is_dir():
        what = "is one folder of a run" if len(sources) > 1 else "no such folder"
        raise InputError(what, where=sources[-1], fix=f"check the path; or compare files of samples: {_EXAMPLE}")
    folder = Path(sources[0])
    inner = folder / "evaluate"
    evaluation = read_evaluation(inner if (inner / EVALUATION).exists() else folder)
    if as_json:
        click.echo(evaluation.model_dump_json(exclude={"per_problem"}))
        return
    click.echo(comparison_table(evaluation, against))
    if further := benchmark_table(evaluation):
        click.echo(f"\n{further}")
    if strata := strata_table(evaluation, evaluation.measures):
        click.echo(f"\n{strata}")


def _compare_samples(
    sources: Sequence[str], problems: str, as_json: bool, output: Path | None, base: str, candidate: str,
    metric: str, tolerance: float, ks: tuple[int, ...], benchmarks: tuple[str, ...], advisory: tuple[str, ...],
    **grading: Any,
) -> None:  # fmt: skip
    from codekiln.code import metrics
    from codekiln.evaluation import benchmark_table, strata_table, table
    from codekiln.stages.compare import REPORT, RESULTS, ComparedBenchmark, Judging, compare_samples
    from codekiln.stages.contenders import Contenders

    for option, value in (("--problems", problems), ("--output", output)):
        if not value:
            raise InputError("is missing", where=option, fix=f"for example {_EXAMPLE}")
    assert output is not None, "it was checked above"
    judging = Judging(metric=metric or metrics.DEFAULT, tolerance=tolerance, ks=ks, grading=grading_options(**grading))
    named = _benchmarks(benchmarks, advisory)
    contenders, further = Contenders.by_benchmark(sources, named, base, candidate)
    asked = [
        ComparedBenchmark(name, source, further[name], "advisory" if name in advisory else "critical")
        for name, source in named.items()
    ]
    evaluation, gate = compare_samples(
        problems, contenders, output, judging, lambda line: click.echo(line, err=True), asked
    )
    if as_json:
        click.echo((output / RESULTS).read_text(), nl=False)
    else:
        click.echo(f"\n{table(evaluation)}\n")
        if strata := strata_table(evaluation, list(dict.fromkeys((judging.metric, "pass@1")))):
            click.echo(f"{strata}\n")
        if text := benchmark_table(evaluation):
            click.echo(f"{text}\n")
        click.echo(f"{gate.sentence}\n\nreport   {output / REPORT}\nresults  {output / RESULTS}")
    sys.exit(exit_codes.DONE if gate.promoted else exit_codes.NOT_PROMOTED)


def _benchmarks(words: Sequence[str], advisory: Sequence[str]) -> dict[str, str]:
    """Return the problems of each benchmark by its name."""
    found: dict[str, str] = {}
    for word in words:
        name, equals, source = word.partition("=")
        if not equals or not source or not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name) or name in found:
            fix = "for example plus=HumanEvalPlus.jsonl, each name once, of small letters, digits, '.', '_' and '-'"
            raise InputError(f"'{word}' is not NAME=PROBLEMS", where="--benchmark", fix=fix)
        found[name] = source
    for name in advisory:
        if name not in found:
            raise InputError(f"no benchmark '{name}'", where="--advisory", fix=did_you_mean(name, list(found)))
    return found
