"""Commands that list recipes, base models, and decisions of the gate."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codekiln.cli.options import JSON, TRACKING
from codekiln.errors import InputError

if TYPE_CHECKING:
    from codekiln.evaluation.ledger import Decision


@click.command()
@click.argument("name", required=False)
@JSON
def recipes(name: str | None, as_json: bool) -> None:
    """List the data recipes, or the settings and measures of recipe NAME.

    Example: codekiln recipes student
    """
    from codekiln import recipes as table

    if as_json:
        chosen = [name] if name else table.names()
        click.echo(json.dumps({name: table.get(name).Settings.model_json_schema() for name in chosen}, indent=2))
    elif name:
        click.echo(_recipe(table.get(name)))
    else:
        for known in table.names():
            click.echo(f"{known:<16} {_description(table, known)}")


def _description(table: Any, name: str) -> str:
    """Return what a plug-in says of itself, or what is wrong with it: one that is broken hides no other."""
    try:
        return str(table.get(name).describe)
    except InputError as error:
        return f"cannot be used: {error.what}"


def _recipe(kind: Any) -> str:
    from codekiln.evaluation import measures

    lines = [kind.describe, "", "settings, with their defaults:"]
    for key, field in kind.Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        lines.append(f"  recipes.{kind.name}.{key} = {json.dumps(default, default=str)}")
        lines.append(f"      {field.description}")
    lines += ["", f"pass@k: chance that one of k replies {kind.passes}; it aims at {kind.target}"]
    lines += [f"  {name:<28} {found.describe}" for name, found in measures.by_name(kind).items()]
    return "\n".join(lines)


@click.command()
@JSON
def models(as_json: bool) -> None:
    """List the base models that have a name.

    Example: codekiln models
    """
    from codekiln import models as table

    specs = [table.get(name) for name in table.names()]
    if as_json:
        click.echo(json.dumps([spec.model_dump(mode="json") for spec in specs], indent=2))
        return
    for spec in specs:
        params = (
            f"{spec.params / 1e9:.2f} B" if spec.params and spec.params > 1e8 else f"{(spec.params or 0) / 1e6:.1f} M"
        )
        click.echo(f"{spec.name:<20} {spec.id:<36} {params:>9}  {spec.licence}")


@click.command()
@click.argument("where")
@click.option("--set-digest", default="", metavar="START", help="Only the evaluation set whose digest starts so.")
@TRACKING
@JSON
def ledger(where: str, set_digest: str, tracking_uri: str, as_json: bool) -> None:
    """List the gate's decisions per evaluation set, and at which level the next candidate is judged.

    WHERE is the working directory of a run on this machine, or models:/NAME for a registered model in MLflow.

    Example: codekiln ledger runs/demo
    """
    from codekiln.evaluation.ledger import outlook, table

    found = _decisions(where, tracking_uri)
    chosen = [decision for decision in found if decision.set.startswith(set_digest)]
    if as_json:
        click.echo(json.dumps([decision.model_dump(mode="json") for decision in chosen], indent=2))
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
