"""Commands that list recipes and base models."""

import json
from typing import Any

import click

from codekiln.cli.options import JSON
from codekiln.errors import InputError


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
