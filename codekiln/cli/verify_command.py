"""The command ``verify``: what holds of a promotion."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codekiln.cli import exit_codes
from codekiln.cli.options import JSON, PUBLIC_KEY, TRACKING
from codekiln.cli.words import PathType
from codekiln.errors import InputError

if TYPE_CHECKING:
    from codekiln.stages.promotion.findings import Verification

_MARKS = {"holds": "ok", "fails": "FAILS", "unchecked": "not checked"}


@click.command()
@click.argument("model")
@TRACKING
@PUBLIC_KEY
@click.option(
    "--run", type=PathType(exists=True, file_okay=False, path_type=Path), help="Compare this run's folder as well."
)
@click.option("--publish", default="", metavar="NAMESPACE", help="Then let that namespace of the cluster serve it.")
@JSON
def verify(
    model: str, tracking_uri: str, public_key: Path | None, run: Path | None, publish: str, as_json: bool
) -> None:
    """Verify a promotion: recompute what its record says.

    MODEL is NAME@champion or NAME/2. Exit code 4: something does not hold.

    Example: codekiln verify codekiln-tiny@champion --run runs/demo
    """
    from codekiln.registry import Registry, signing
    from codekiln.registry.connection import find_server
    from codekiln.stages.promotion.verification import as_json as in_json
    from codekiln.stages.promotion.verification import verify as verified

    key = signing.public_key(public_key) if public_key else None
    if publish and key is None:
        fix = "give --public-key: without it whoever can write to MLflow decides what is served"
        raise InputError("publishes only what somebody signed", where="--publish", fix=fix)
    if run and not (run / "check").is_dir():
        raise InputError("is no run's folder", where=f"--run {run}", fix="give the --workdir of `codekiln run`")
    registry = Registry(find_server(tracking_uri), None)
    version = registry.named(model)
    alias = model.partition("@")[2]
    with tempfile.TemporaryDirectory(prefix="codekiln-") as folder:
        registry.download(version.source, Path(folder))
        found = verified(registry, version, Path(folder), key, run, alias)
    click.echo(in_json(found) if as_json else text(found))
    if not found.holds:
        raise SystemExit(exit_codes.NOT_PROMOTED)
    if publish:
        from codekiln.launch.verified_records import publish as put

        click.echo(put(publish, found.record, found.model), err=True)


def text(found: "Verification") -> str:
    """Return a verification line by line."""
    marks = [_MARKS[line.status] for line in found.lines]
    widths = max(map(len, marks)), max(len(line.what) for line in found.lines)
    rows = [
        f"{mark:<{widths[0]}}  {line.what:<{widths[1]}}  {line.detail}"
        for mark, line in zip(marks, found.lines, strict=True)
    ]
    unproven = next(
        (line.detail for line in found.lines if line.what == "signature" and line.status == "unchecked"), ""
    )
    failed = sum(line.status == "fails" for line in found.lines)
    if failed:
        end = f"{found.model}: {failed} of {len(rows)} do not hold"
    else:
        end = f"{found.model}: all that was checked holds"
        end += f"; {unproven}: whoever can write to MLflow can have made all of it" if unproven else ""
    return "\n".join([*rows, end])
