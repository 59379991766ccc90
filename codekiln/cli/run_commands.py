"""Commands that run pipelines and stages on this machine: run, judge, stage, check."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from codekiln.cli import exit_codes, names
from codekiln.cli.options import JSON, form_of, only_json, output, print_json, run_options, settings_of
from codekiln.cli.words import PathType
from codekiln.errors import InputError
from codekiln.stages.process_tree import silence


@click.command()
@click.argument("pipeline", type=names.RUN_PIPELINE)
@run_options(workdir="runs/latest")
@click.option("--adapter", default="", hidden=True)
def run(pipeline: str, **options: Any) -> None:
    """Run a pipeline on this machine.

    PIPELINE is align, instruct, prefer, data, or a compiled YAML; `codekiln judge` runs judge. The same command again
    continues where the last one stopped: a stage whose inputs, settings and code have not changed is not repeated.
    Exit code 4: the gate did not promote.

    Example: codekiln run align --workdir runs/demo
    """
    adapter = options.pop("adapter")
    if pipeline == "judge":
        fix = f"codekiln judge {adapter or 'models:/NAME@challenger'}"
        raise InputError("evaluates an adapter, and has a command of its own", where="run judge", fix=fix)
    if adapter and not pipeline.endswith((".yaml", ".yml")):
        fix = f"leave it out; `codekiln judge {adapter}` evaluates an adapter that exists"
        raise InputError(f"{pipeline} trains adapters of its own", where="--adapter", fix=fix)
    _run(pipeline, {"adapter": adapter} if adapter else {}, **options)


@click.command()
@click.argument("adapter")
@run_options(workdir="runs/judge")
def judge(adapter: str, **options: Any) -> None:
    """Evaluate an adapter, and promote it if it passes the gate.

    ADAPTER is NAME@ALIAS or NAME/VERSION in the registry, in full models:/NAME@ALIAS, or a folder that PEFT saved. It
    is compared with its base model and the champion. Exit code 4: it does not pass.

    Example: codekiln judge codekiln-tiny@champion --set problems.evaluation=100
    """
    from codekiln.stages.named_model import is_registered, require_adapter

    if not is_registered(adapter):
        require_adapter(adapter, options["tracking_uri"] or "")
    else:
        options["tracking_uri"] = options["tracking_uri"] or _registry_of_version(adapter, **options)
    _run("judge", {"adapter": adapter}, **options)


def _registry_of_version(adapter: str, profile: str, overrides: Sequence[str], **_: Any) -> str | None:
    """Return where MLflow has a version, unless the settings name a server."""
    from codekiln.registry.connection import find_server
    from codekiln.settings import profiles
    from codekiln.settings.overrides import parse_overrides

    named = {**profiles.read(profile), **parse_overrides(list(overrides))}
    return None if named.get("tracking_uri") else find_server("", adapter)


def _run(
    pipeline: str,
    more: Mapping[str, str],
    *,
    profile: str,
    overrides: Sequence[str],
    tracking_uri: str | None,
    workdir: Path,
    as_json: bool,
    **options: Any,
) -> None:
    """Run a pipeline to its end, print what it found, and exit with the gate's verdict."""
    from codekiln.cli import local_runner, run_summary
    from codekiln.cli.compiled_pipelines import find_pipeline
    from codekiln.cli.pipeline_arguments import pipeline_arguments
    from codekiln.cli.step_failure import goes_on
    from codekiln.settings import profiles
    from codekiln.stages.monitoring.run_watch import notified

    settings = settings_of(overrides, tracking_uri)
    arguments = pipeline_arguments(pipeline, {**more, **form_of(options), "profile": profile}, settings)
    profiles.read(profile)
    path, log = find_pipeline(pipeline), workdir / local_runner.LOG
    try:
        with only_json(as_json), notified(workdir) as result:
            failure = local_runner.run(path, arguments, workdir)
            result.ok = failure is None
    except SystemExit as end:
        place = goes_on(workdir, end.step) if isinstance(end, local_runner.RunStopped) else ""
        _say_on_a_lost_terminal(f"stopped; the log is {log}; repeat the command to continue{place}")
        raise
    if failure:
        click.echo(failure.explain(workdir, log), err=True)
        sys.exit(failure.exit_code)
    text, is_refused = run_summary.summarise(workdir)
    click.echo(run_summary.in_json(workdir) if as_json else text)
    sys.exit(exit_codes.NOT_PROMOTED if is_refused else exit_codes.DONE)


@click.command()
@click.argument("name", metavar="STAGE", type=names.STAGE)
@click.option(
    "--run", "run_folder", type=PathType(path_type=Path), required=True, help="Folder of the run, or of its check."
)
@click.option(
    "--input", "inputs", multiple=True, metavar="NAME=DIR", help="Output folder of an earlier stage; repeatable."
)
@output(type=PathType(path_type=Path), required=True, help="Folder to fill.")
@click.option("--step", default="", help="Name of this run of the stage.")
@click.option("--source", default="", help="For fetch: where the adapter is.")
@JSON
def stage(
    name: str, run_folder: Path, inputs: tuple[str, ...], output: Path, step: str, source: str, as_json: bool
) -> None:
    """Run one stage on folders, in this process.

    A debugger works there. STAGE is one of check's followers: generate, filter, sft, dpo, evaluate and others.

    Example: codekiln stage filter --run runs/demo --input samples=runs/demo/generate -o runs/try/filter
    """
    from codekiln.stages.runner import run_stage

    folders = {key: Path(value) for key, value in (_pair(item, "--input") for item in inputs)}
    checked = run_folder / "check" if (run_folder / "check").is_dir() else run_folder
    with only_json(as_json):
        manifest, done = run_stage(name, checked, folders, output, step, {"source": source} if source else {})
    if as_json:
        summary = manifest.summary.model_dump(mode="json", exclude={"curve"})
        print_json({"step": manifest.step, "output": str(output), "done_already": done, "summary": summary})
        return
    click.echo(f"{manifest.step} {'was done already' if done else f'done in {manifest.seconds:.0f} s'}")
    click.echo(manifest.summary.model_dump_json(indent=2, exclude={"curve"}))


@click.command()
@run_options(workdir="runs/latest")
@click.option("-o", "--output", type=PathType(path_type=Path), hidden=True, help="Instead of WORKDIR/check.")
@click.option("--data-only", is_flag=True, help="The run makes a data set: no gate needs enough evaluation problems.")
@click.option("--cluster", is_flag=True, help="Check the cluster instead: pools, queues, volume, permissions.")
@click.option("--kfp-host", default="", help="With --cluster: address of Kubeflow Pipelines, to check it too.")
def check(
    profile: str,
    overrides: tuple[str, ...],
    tracking_uri: str | None,
    workdir: Path,
    output: Path | None,
    data_only: bool,
    cluster: bool,
    kfp_host: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Check everything a run needs, and report every problem.

    Settings, model, teacher, registry, pool, disk and problems; WORKDIR/check gets what a run in WORKDIR starts with.
    With --cluster, check every GPU pool that CODEKILN_CLUSTER names, the volume or bucket, MLflow and permissions.

    Example: codekiln check --profile laptop --set problems.train=50
    """
    from codekiln.stages.resolved import resolve_and_read
    from codekiln.stages.runner import run_check

    if cluster:
        _check_cluster(kfp_host, as_json)
        return
    folder = output or workdir / "check"
    settings = resolve_and_read(profile, form_of(options), settings_of(overrides, tracking_uri))
    with only_json(as_json):
        found = run_check(settings, folder, gate=not data_only).summary
    if as_json:
        print_json({"ready": True, "folder": str(folder), **found.model_dump(include={"figures", "notes", "rejected"})})
        return
    figures = found.figures
    click.echo(f"ready: {figures['train']:.0f} training, {figures['evaluation']:.0f} evaluation problems in {folder}")


def _check_cluster(kfp_host: str, as_json: bool) -> None:
    from codekiln.launch.readiness import check_cluster

    with only_json(as_json):
        check_cluster(kfp_host)
    if as_json:
        print_json({"ready": True})
    else:
        click.echo("the cluster is ready")


def _say_on_a_lost_terminal(line: str) -> None:
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        silence(sys.stderr)


def _pair(text: str, option: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise InputError(f"'{text}' is not NAME=DIR", where=option, fix=f"for example {option} data=runs/demo/filter")
    return key, value
