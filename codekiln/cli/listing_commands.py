"""Commands that list plug-ins of each kind, and decisions of the gate."""

import importlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from codekiln.cli import names
from codekiln.cli.names import Name
from codekiln.cli.options import JSON, TRACKING, print_json
from codekiln.errors import InputError

if TYPE_CHECKING:
    from codekiln.evaluation.ledger import Decision


def _listing(
    kind: str, example: str, table: Callable[[], Any], known: Name, line: Callable[[Any, str], str],
    details: Callable[[Any, str], str], data: Callable[[Any, Sequence[str]], Any], part: "_Part | None" = None,
) -> click.Command:  # fmt: skip
    """Return a command that lists the plug-ins of a kind, or shows one.

    Args:
        kind: What they are, in the plural.
        example: One of them.
        table: Returns their table; it is imported when the command runs.
        known: Completes their names.
        line: Returns what the list says of one.
        details: Returns everything about one.
        data: Returns what is said of some as JSON.
        part: A part of one that can be printed alone.
    """

    @click.command(kind.rpartition(" ")[2], help=f"List the {kind}, or show one.\n\nExample: codekiln {example}")
    @click.argument("name", required=False, type=known)
    @JSON
    def command(name: str | None, as_json: bool, **chosen: bool) -> None:
        found = table()
        if part and chosen[part.key]:
            if name is None or as_json:
                raise InputError("is a part of one, as it is", where=part.option, fix="give a NAME, and no --json")
            click.echo(part.read(found, name), nl=False)
        elif as_json:
            print_json(data(found, [name] if name else found.names()))
        elif name:
            click.echo(details(found, name))
        else:
            _print_list({each: _or_fault(line, found, each) for each in found.names()})

    if part:
        command.params.append(click.Option([part.option], is_flag=True, help=part.describe))
    return command


class _Part(NamedTuple):
    option: str
    describe: str
    read: Callable[[Any, str], str]

    @property
    def key(self) -> str:
        return self.option.strip("-").replace("-", "_")


def _print_list(lines: dict[str, str]) -> None:
    width = max(map(len, lines))
    for name, text in lines.items():
        click.echo(f"{name:<{width}}  {text}".rstrip())


def _or_fault(line: Callable[[Any, str], str], table: Any, name: str) -> str:
    """Return what the list says of a plug-in, or what is wrong with it: one that is broken hides no other."""
    try:
        return line(table, name)
    except InputError as error:
        return f"cannot be used: {error.what}"


def _describe(table: Any, name: str) -> str:
    return str(table.get(name).describe)


def _schemas(table: Any, chosen: Sequence[str]) -> dict[str, Any]:
    return {name: table.get(name).Settings.model_json_schema() for name in chosen}


def _settings(section: str, kind: Any) -> list[str]:
    lines = [kind.describe, "", "settings, with their defaults:" if kind.Settings.model_fields else "no settings"]
    for key, field in kind.Settings.model_fields.items():
        default = "required" if field.is_required() else field.get_default(call_default_factory=True)
        lines.append(f"  {section}.{kind.name}.{key} = {json.dumps(default, default=_plain)}")
        lines.append(f"      {field.description}")
    return lines


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else str(value)


def _recipe(table: Any, name: str) -> str:
    from codekiln.evaluation import measures

    kind = table.get(name)
    lines = [*_settings("recipes", kind), ""]
    lines.append(f"pass@k: chance that one of k replies {kind.passes}; it aims at {kind.target}")
    lines += [f"  {name:<28} {found.describe}" for name, found in measures.by_name(kind).items()]
    return "\n".join(lines)


def _model_line(table: Any, name: str) -> str:
    spec = table.get(name)
    count = spec.params or 0
    params = f"{count / 1e9:.2f} B" if count > 1e8 else f"{count / 1e6:.1f} M"
    return f"{spec.id:<36} {params:>9}  {spec.licence}"


def _model(table: Any, name: str) -> str:
    fields = table.get(name).model_dump(mode="json", exclude_none=True)
    return "\n".join(f"{key} = {json.dumps(value)}" for key, value in fields.items())


def _chat_template(table: Any, name: str) -> str:
    from codekiln.models.template_files import form_of

    return form_of(table.get(name)).template


def _metric(table: Any, name: str) -> str:
    metric = table.get(name)
    return f"{metric.describe}\n\nbetter: {metric.direction}"


def _profile(table: Any, name: str) -> str:
    table.read(name)
    return str(table.text(name)).rstrip("\n")


def _module(name: str) -> Callable[[], Any]:
    return lambda: importlib.import_module(name)


recipes = _listing(
    "data recipes", "recipes student", _module("codekiln.recipes"), names.RECIPE, _describe, _recipe, _schemas
)  # fmt: skip
profiles = _listing(
    "profiles", "profiles laptop", _module("codekiln.settings.profiles"), names.PROFILE,
    lambda table, name: str(table.about(name)), _profile,
    lambda table, chosen: {name: {"describe": table.about(name), "settings": table.read(name)} for name in chosen},
)  # fmt: skip
models = _listing(
    "base models", "models tiny", _module("codekiln.models"), names.BASE_MODEL, _model_line, _model,
    lambda table, chosen: [table.get(name).model_dump(mode="json") for name in chosen],
    _Part("--chat-template", "Print the chat template that it is trained, sampled and judged with.", _chat_template),
)  # fmt: skip
metrics = _listing(
    "metrics", "metrics lint_count", _module("codekiln.code.metrics"), names.METRIC, _describe, _metric,
    lambda table, chosen: {
        name: {"describe": table.get(name).describe, "direction": table.get(name).direction} for name in chosen
    },
)  # fmt: skip
filters = _listing(
    "filters", "filters length", _module("codekiln.filters"), names.FILTER, _describe,
    lambda table, name: "\n".join(_settings("filter_settings", table.get(name))), _schemas,
)  # fmt: skip
teachers = _listing(
    "teachers", "teachers endpoint", _module("codekiln.teachers"), names.TEACHER, _describe,
    lambda table, name: "\n".join(_settings("teachers", table.get(name))), _schemas,
)  # fmt: skip


@click.command()
@click.argument("where")
@click.option("--set-digest", default="", metavar="START", help="Only the evaluation set whose digest starts so.")
@TRACKING
@JSON
def ledger(where: str, set_digest: str, tracking_uri: str, as_json: bool) -> None:
    """List the gate's decisions on each evaluation set.

    Also at which level the next candidate is judged. WHERE is the working directory of a run on this machine, or
    models:/NAME for a registered model in MLflow.

    Example: codekiln ledger runs/demo
    """
    from codekiln.evaluation.ledger import outlook, table

    found = _decisions(where, tracking_uri)
    chosen = [decision for decision in found if decision.set.startswith(set_digest)]
    if as_json:
        print_json([decision.model_dump(mode="json") for decision in chosen])
    elif not chosen:
        click.echo("no decision yet")
    else:
        click.echo("\n".join((table(chosen), "", *outlook(chosen))))


def _decisions(where: str, tracking_uri: str) -> "list[Decision]":
    from codekiln.evaluation.ledger import LEDGER, LedgerFile
    from codekiln.registry import Registry
    from codekiln.registry.connection import find_server
    from codekiln.stages.ledger import read_decisions

    if where.startswith("models:/"):
        return read_decisions(Registry(find_server(tracking_uri), None), where.removeprefix("models:/"))
    path = Path(where) / LEDGER
    if not path.exists():
        fix = "give the working directory of a run that has been judged, or models:/NAME"
        raise InputError(f"has no {LEDGER}", where=where, fix=fix)
    return LedgerFile(path, lambda line: click.echo(line, err=True)).decisions()
