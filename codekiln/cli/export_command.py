"""The command ``export``: an adapter in the form that something else reads, and onto the Hub."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codekiln.cli.options import BASE_OF_ADAPTER, JSON, PUBLIC_KEY, TRACKING, only_json, output
from codekiln.cli.words import PathType
from codekiln.errors import InputError

if TYPE_CHECKING:
    from codekiln.stages.exporting import Export
    from codekiln.stages.exporting.hub import Upload

FORMATS = ("adapter", "merged", "gguf", "ollama", "modelcar")
DTYPES = ("auto", "float32", "bfloat16", "float16")


@click.command("export")
@click.argument("model")
@output("--to", type=PathType(file_okay=False, path_type=Path), help="Folder of the export; it must be new.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="adapter", show_default=True)
@click.option("--dtype", type=click.Choice(DTYPES), default="auto", help="Of merged weights; auto: as the base.")
@click.option("--prompts", default="", help="Problems that merged weights are compared on; a file.")
@click.option("--may-differ", type=click.IntRange(min=0), default=0, help="Prompts that may be answered otherwise.")
@click.option("--converter", default="", help="llama.cpp's convert_hf_to_gguf.py, for gguf and ollama.")
@click.option("--converter-python", default="", help="Python that has the converter's packages; default: this one.")
@click.option("--push-to", default="", metavar="OWNER/NAME", help="Show what would go to the Hub, or send it: --yes.")
@click.option("--yes", is_flag=True, help="Really upload.")
@click.option("--public", is_flag=True, help="Everybody may see the repository; default: private.")
@BASE_OF_ADAPTER
@TRACKING
@PUBLIC_KEY
@JSON
def export(
    model: str,
    output: Path | None,
    form: str,
    dtype: str,
    prompts: str,
    may_differ: int,
    converter: str,
    converter_python: str,
    push_to: str,
    yes: bool,
    public: bool,
    base_model: str,
    tracking_uri: str,
    public_key: Path | None,
    as_json: bool,
) -> None:
    """Export a model into a folder, or to the Hub.

    MODEL is NAME@champion, NAME/3, or an adapter's folder. Merged weights (merged, gguf, ollama, modelcar) are compared
    with base and adapter; exit code 1: they write otherwise.

    Example: codekiln export codekiln-tiny@champion -o merged --format merged
    """
    from codekiln.stages.exporting import ExportOptions, hub
    from codekiln.stages.exporting import export as run
    from codekiln.stages.named_model import named_model

    if push_to:
        hub.check_name(push_to)
    elif output is None or yes or public:
        fix = "give --output DIR" if output is None else "give --push-to OWNER/NAME, or leave --yes and --public out"
        raise InputError(
            "no place to export to is given" if output is None else "--yes and --public are for --push-to",
            where="export",
            fix=fix,
        )
    options = ExportOptions(form, dtype, prompts, converter, converter_python)
    named = named_model(model, base_model, tracking_uri, public_key)
    with only_json(as_json), _place(output) as folder, named as chosen:
        done = run(chosen, folder, options)
        upload = hub.planned(done.folder, push_to, public) if push_to else None
        is_proven = done.different <= may_differ
        commit = hub.push(done.folder, upload, f"{chosen.name} ({form})") if upload and yes and is_proven else ""
    _show(done, upload, commit, output, as_json)
    if not is_proven:
        raise SystemExit(1)


@contextmanager
def _place(to: Path | None) -> Iterator[Path]:
    if to is not None:
        yield to
        return
    with tempfile.TemporaryDirectory(prefix="codekiln-") as folder:
        yield Path(folder) / "export"


def _show(done: "Export", upload: "Upload | None", commit: str, to: Path | None, as_json: bool) -> None:
    if as_json:
        shown: dict[str, Any] = {"folder": str(done.folder) if to else None, **done.record}
        if upload:
            files = [{"path": path, "bytes": size} for path, size in upload.files]
            shown["push"] = {**vars(upload), "files": files, "commit": commit or None}
        click.echo(json.dumps(shown, indent=2))
        return
    if to:
        click.echo(f"{done.record['format']} of {done.record['model']} in {done.folder}")
    if proof := done.record.get("proof"):
        click.echo(_proof(proof, done.record["dtype"]))
    if upload:
        _show_upload(upload, commit)


def _proof(proof: dict[str, Any], dtype: str) -> str:
    asked = f"of {proof['prompts']} prompts ({proof['source']}), greedily in {dtype}"
    if not proof["different"]:
        return f"proven: merged weights write what base and adapter write, on all {asked}"
    first = proof["first"]
    return (
        f"NOT the same: merged weights write otherwise than base and adapter on {proof['different']} {asked}\n"
        f"  first: {first['task_id']}, character {first['character']}: {first['adapter']!r} became {first['merged']!r}"
    )


def _show_upload(upload: "Upload", commit: str) -> None:
    kind = "private" if upload.private else "PUBLIC"
    verb = "uploaded" if commit else "would upload (nothing was sent; --yes sends it)"
    click.echo(f"{verb} to {upload.endpoint}/{upload.repository}, {kind}:")
    for path, size in upload.files:
        click.echo(f"  {size:>12,}  {path}")
    if commit:
        click.echo(f"commit {commit}")
