"""The command ``promote``: a version by the gate's own decision, an undoing, or Kubeflow's registry made equal."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codekiln.cli import exit_codes
from codekiln.cli.options import JSON, PUBLIC_KEY, TRACKING, only_json, print_json
from codekiln.errors import InputError

if TYPE_CHECKING:
    from codekiln.registry import Registry, Version
    from codekiln.registry.mirror import Mirror


@click.command()
@click.argument("name")
@TRACKING
@click.option("--experiment", default="codekiln", show_default=True)
@click.option("--kubeflow-registry", default="", help="Kubeflow's Model Registry, if not where NAME was registered.")
@PUBLIC_KEY
@click.option("--undo", "action", flag_value="undo", help="Give the champion's place back to the version before it.")
@click.option("--sync", "action", flag_value="sync", help="Make Kubeflow's Model Registry equal to MLflow's registry.")
@click.option("--yes", is_flag=True, help="Ask nothing.")
@JSON
def promote(
    name: str,
    tracking_uri: str,
    experiment: str,
    kubeflow_registry: str,
    public_key: Path | None,
    action: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Make a version the champion again, or undo a promotion.

    NAME@VERSION becomes the champion if the gate promoted it; NAME alone: the newest that it did. `codekiln judge` lets
    the gate decide. Where Kubeflow's Model Registry has NAME too, it follows.

    Example: codekiln promote codekiln-tiny --undo
    """
    from codekiln.registry import Registry
    from codekiln.registry.connection import find_server
    from codekiln.registry.kubeflow_connection import KubeflowRegistrySettings
    from codekiln.registry.mirror import mirror_of

    registry = Registry(find_server(tracking_uri), experiment)
    model = _model_of(name)
    if action and model != name:
        raise InputError(f"takes no version with --{action}", where=name, fix=f"give {model}")
    mirror = mirror_of(registry, model, KubeflowRegistrySettings(uri=kubeflow_registry))
    with only_json(as_json):
        if action == "undo":
            _undo(registry, mirror, model, yes)
        elif action is None:
            _promote(registry, mirror, name, public_key, yes)
        elif mirror:
            click.echo(f"champion of {model} in both registries: {mirror.follow(model)}")
        else:
            raise InputError("no registry of Kubeflow is known", where=model, fix="give --kubeflow-registry ADDRESS")
    if as_json:
        champion = registry.champion(model)
        print_json({"model": model, "champion": champion.version if champion else None})


def _model_of(name: str) -> str:
    """Return the registered model of NAME, NAME@VERSION or models:/NAME/VERSION."""
    return name.removeprefix("models:/").partition("@")[0].partition("/")[0]


def _promote(registry: "Registry", mirror: "Mirror | None", name: str, public_key: Path | None, yes: bool) -> None:
    from codekiln.stages.promotion.recorded_decision import choose

    chosen = choose(registry, name)
    if chosen is None:
        if mirror:  # a promotion that was interrupted between the two registries is completed
            mirror.follow(_model_of(name))
        click.echo(f"nothing to do: the version of {name} that the gate promoted is the champion")
        return
    version, decision, champion = chosen
    if public_key:
        _require_signed(registry, version, public_key)
    click.echo(f"{version.uri}: {decision.sentence}", err=True)
    place = f"takes the place of version {champion.version}" if champion else "becomes the first champion"
    _confirm(f"version {version.version} {place}", yes)
    # Whoever thought about the answer may have been overtaken.
    if choose(registry, version.uri) != chosen:
        raise InputError("was decided about or moved meanwhile", where=version.uri, fix="give the same command again")
    registry.promote(version, decision.key)
    if mirror:
        mirror.follow(version.name)
    click.echo(f"champion of {version.name}: version {version.version}")


def _undo(registry: "Registry", mirror: "Mirror | None", name: str, yes: bool) -> None:
    from codekiln.registry.mirror import UNDOING

    champion, is_interrupted = registry.champion(name), UNDOING in registry.model_tags(name)
    if champion and not registry.previous(name) and not is_interrupted:
        _confirm(f"version {champion.version} is the first champion of {name}; without it none is left", yes)
    after, is_repeated = mirror.undo(name) if mirror else (registry.rollback(name), False)
    if is_repeated:
        click.echo("completed what was interrupted before; nothing further is undone", err=True)
    click.echo(f"champion of {name}: version {after.version}" if after else f"{name} has no champion now")


def _require_signed(registry: "Registry", version: "Version", path: Path) -> None:
    """Refuse a version whose record does not hold under a public key."""
    import tempfile

    from codekiln.cli.verify_command import text
    from codekiln.registry.signing import public_key
    from codekiln.stages.promotion.verification import verify

    key = public_key(path)
    with tempfile.TemporaryDirectory(prefix="codekiln-") as folder:
        found = verify(registry, version, registry.download(version.source, Path(folder)), key)
    if not found.holds:
        click.echo(text(found), err=True)
        raise SystemExit(exit_codes.NOT_PROMOTED)


def _confirm(what: str, yes: bool) -> None:
    """Ask a person; where nobody can answer, --yes has to."""
    if yes:
        return
    if not _is_terminal():
        raise InputError(f"{what}: nobody is there to confirm it", where="promote", fix="give --yes")
    click.confirm(f"{what}. Continue?", abort=True, err=True)


def _is_terminal() -> bool:
    return sys.stdin.isatty()
