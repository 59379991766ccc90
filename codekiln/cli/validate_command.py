"""The command validate: a finished folder against its manifests, or a training file of any common form."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codekiln.cli import names
from codekiln.cli.options import JSON, Renamed
from codekiln.cli.words import PathType
from codekiln.errors import InputError, InputErrors

if TYPE_CHECKING:
    from codekiln.code.labels import LabelAgreement
    from codekiln.data.training_files import FileReport
    from codekiln.data.training_files.findings import Finding
    from codekiln.models.token_lengths import TokenLengths

_PLACES = 5
MAX_LENGTH = 1024
"""Tokens of the longest row, as `sft.max_length` and `dpo.max_length` have it when nothing is set."""


@click.command()
@click.argument("path", type=PathType(path_type=Path, exists=True))
@click.option(
    "--metric",
    type=names.METRIC,
    default=None,
    help="A file's pairs are compared by it; default: structural_maintainability.",
)
@click.option(
    "--problems", "against", cls=Renamed, former=("--against",), default=None,
    help="A file's rows may not be in this evaluation set: a file or a Hub id.",
)  # fmt: skip
@click.option(
    "--tokenizer",
    type=names.BASE_MODEL,
    default=None,
    metavar="MODEL",
    help="Measure a file's rows in tokens: a name, id or folder.",
)
@click.option("--max-length", type=click.IntRange(min=8), default=None, help="Longest row in tokens; default: 1024.")
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@JSON
def validate(path: Path, strict: bool, as_json: bool, **options: Any) -> None:
    """Validate training data: a folder, or a file of rows.

    A folder is the output of a stage, or a data set: digests, rows, files added or missing, no leak across the split,
    and the recipe's own rules. A file holds SFT or preference rows in TRL's, Alpaca's, ShareGPT's or OpenAI's form:
    ties, twins, empty prompts, roles, labels against metrics, leaks, lengths. Exit code 1: errors were found.

    Example: codekiln validate runs/demo/filter
    """
    if path.is_dir():
        if given := [name for name, value in options.items() if value]:
            where = "--problems" if given[0] == "against" else f"--{given[0].replace('_', '-')}"
            raise InputError("is for a file", where=where, fix="give a file, or leave it out")
        sys.exit(_folder(path, as_json))
    if options["max_length"] and not options["tokenizer"]:
        raise InputError("is in tokens", where="--max-length", fix="add --tokenizer MODEL")
    sys.exit(_file(path, strict, as_json, **options))


def _folder(folder: Path, as_json: bool) -> int:
    from codekiln.stages.folder_validation import validate_folder

    found = list(validate_folder(folder))
    if as_json:
        click.echo(json.dumps([{"where": item.where, "what": item.what, "fix": item.fix} for item in found]))
    else:
        click.echo(InputErrors(found) if found else "sound")
    return 1 if found else 0


def _file(
    path: Path,
    strict: bool,
    as_json: bool,
    metric: str | None,
    against: str | None,
    tokenizer: str | None,
    max_length: int | None,
) -> int:
    from codekiln.code.labels import LabelAgreement
    from codekiln.code.metrics import DEFAULT
    from codekiln.data.readers import read_problems
    from codekiln.data.training_files import FileReport, check_file
    from codekiln.data.training_files.checks import Leaks
    from codekiln.models.token_lengths import TokenLengths, chat_tokenizer

    report = FileReport()
    labels = LabelAgreement(metric or DEFAULT, report.findings)
    leaks = [Leaks(report.findings, read_problems(against))] if against else []
    longest = max_length or MAX_LENGTH
    lengths = TokenLengths(chat_tokenizer(tokenizer), longest, report.findings) if tokenizer else None
    check_file(path, report, [labels, *leaks, *([lengths] if lengths else [])])
    levels = [finding.level for finding in report.findings]
    is_sound = "error" not in levels and not (strict and levels)
    if as_json:
        click.echo(json.dumps({"file": str(path), "sound": is_sound, **_as_json(report, labels, lengths)}))
    else:
        click.echo("\n".join(_lines(path, report, labels, lengths, is_sound)))
    return 0 if is_sound else 1


def _as_json(report: "FileReport", labels: "LabelAgreement", lengths: "TokenLengths | None") -> dict[str, Any]:
    tokens = lengths and {
        "max_length": lengths.max_length, "beyond": lengths.beyond,
        "longest": {"tokens": lengths.longest[0], "where": lengths.longest[1]},
    }  # fmt: skip
    return {
        "form": report.form,
        "rows": report.rows,
        "forms": dict(report.forms.most_common()),
        "labels": {"metric": labels.metric, **labels.counts, "by": labels.table} if labels.counts else None,
        "tokens": tokens,
        "findings": [
            {
                "level": finding.level, "kind": finding.kind, "rows": finding.count, "what": finding.what,
                "fix": finding.fix, "first": [{"where": where, "detail": detail} for where, detail in finding.places],
            }
            for finding in report.findings
        ],
    }  # fmt: skip


def _lines(
    path: Path, report: "FileReport", labels: "LabelAgreement", lengths: "TokenLengths | None", is_sound: bool
) -> list[str]:
    lines = [f"{path}: {report.form or 'no form that is known'}, {report.rows:,} rows"]
    if labels.counts:
        from codekiln.code.labels import agreement_lines

        lines.append("labels: in how many pairs is the chosen program the better one?")
        lines += [f"  {line}" for line in agreement_lines(labels.table)]
    if lengths:
        count, where = lengths.longest
        lines.append(
            f"tokens: the longest row has {count:,}, {where or 'none'}; {lengths.beyond:,} rows have more than "
            f"{lengths.max_length:,}"
        )
    for finding in report.findings:
        lines += _finding_lines(finding)
    warnings = [finding.what for finding in report.findings if finding.level == "warning"]
    lines.append("sound" + (", but see the warnings" if warnings else "") if is_sound else "not sound")
    return lines


def _finding_lines(finding: "Finding") -> list[str]:
    lines = [f"{finding.level}: {finding.what}: {finding.count:,} {'row' if finding.count == 1 else 'rows'}"]
    shown = finding.places[:_PLACES]
    lines += [f"  {where}: {detail}" if detail else f"  {where}" for where, detail in shown]
    if finding.count > len(shown):
        lines.append(f"  ... and {finding.count - len(shown):,} more")
    return [*lines, f"  fix: {finding.fix}"]
