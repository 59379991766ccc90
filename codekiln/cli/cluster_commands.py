"""Commands for Kubernetes and Kubeflow Pipelines: plan, submit, compile."""

import json
from pathlib import Path
from typing import Any

import click

from codekiln.cli import names
from codekiln.cli.options import JSON, form_of, only_json, output, print_json, run_options, settings_of
from codekiln.cli.words import PathType
from codekiln.errors import InputError

_PLAN_LACKS = {
    "--workdir": ("plan writes nothing", "leave it out; `codekiln check --workdir DIR` writes what a run starts with"),
    "--tracking-uri": ("plan asks no MLflow", "leave it out; `codekiln check` reads the registry"),
}
_SUBMIT_LACKS = {
    "--workdir": ("a run on the cluster has no folder here", "leave it out; `codekiln run` runs on this machine"),
}


@click.command()
@run_options(without=_PLAN_LACKS)
@click.option(
    "--gpu", type=names.GPU, default="", metavar="GPU[:COUNT]",
    help="GPUs of one node without a cluster: H100:8, 24GiB:2.",
)  # fmt: skip
def plan(profile: str, gpu: str, overrides: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Show how training divides over GPUs, and its memory.

    It spends no GPU. Also what gain the evaluation could show, where problems.evaluation says how many problems there
    are.

    Example: codekiln plan --profile gemma3-12b --gpu A100-80:2
    """
    from codekiln.launch.gpus import pool_of
    from codekiln.launch.pools import read_cluster
    from codekiln.settings.resolve import resolve
    from codekiln.stages.planning import plan_evaluation, plan_run
    from codekiln.training.plan_table import table

    form = form_of(options)
    pool = form.get("pool", "")
    settings = resolve(profile, form, list(overrides))
    if bool(pool) == bool(gpu):
        raise InputError("give one of --pool and --gpu", where="plan", fix="without a cluster: --gpu H100:1, 24GiB:2")
    devices, note = pool_of(gpu) if gpu else (read_cluster().pool(pool), "")
    plans = plan_run(settings, devices)
    if as_json:
        click.echo(json.dumps({name: chosen.model_dump(mode="json") for name, chosen in plans.items()}, indent=2))
        return
    click.echo(table(plans))
    if note:
        click.echo(f"note: {note.strip()}")
    if problems := settings.problems.evaluation:
        click.echo(f"\nevaluation: {plan_evaluation(settings, problems)}")
    for one in settings.evaluation.benchmark:
        if one.problems:
            click.echo(f"benchmark {one.name}: {plan_evaluation(settings, one.problems, benchmark=one.name)}")


@click.command()
@click.argument("pipeline", type=names.PIPELINE)
@click.option("--host", default="", envvar="CODEKILN_KFP_HOST", help="Kubeflow Pipelines' address.")
@click.option("--namespace", default="", help="Your profile's namespace, on a multi-user Kubeflow.")
@click.option("--token-file", type=PathType(exists=True, dir_okay=False, path_type=Path), help="Bearer token.")
@click.option("--name", default="", help="Name of the run.")
@run_options(profile=None, without=_SUBMIT_LACKS)
@click.option("--image", help="Image of the steps; default: the pipeline's.")
@click.option("--adapter", help="For judge: models:/NAME@ALIAS or models:/NAME/1.")
@click.option("--pipeline-version", default="", help="Its name on the server; default: this release's newest.")
@click.option("--from-package", is_flag=True, help="Submit codekiln's own file, not the chart's.")
@click.option("--wait", is_flag=True, help="Follow the run; exit with 1 when it fails.")
def submit(
    pipeline: str,
    host: str,
    namespace: str,
    token_file: Path | None,
    name: str,
    overrides: tuple[str, ...],
    tracking_uri: str | None,
    pipeline_version: str,
    from_package: bool,
    wait: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Start a pipeline on Kubeflow Pipelines.

    PIPELINE is align, instruct, prefer, data, judge, or a compiled YAML. A name is the pipeline that the chart has
    installed there; what is not given is its default.

    \b
    Example: codekiln submit align --host http://localhost:8080 \\
        --profile cluster --pool h200 --wait
    """
    from codekiln.cli.compiled_pipelines import find_pipeline
    from codekiln.cli.pipeline_arguments import pipeline_arguments
    from codekiln.data.text import read_text
    from codekiln.launch.kfp_client import KfpClient
    from codekiln.launch.pipeline_source import read_package

    profile, form = options["profile"], form_of(options)
    arguments = pipeline_arguments(pipeline, form, settings_of(overrides, tracking_uri))
    settings = arguments.pop("overrides")
    package = find_pipeline(pipeline)
    if profile and Path(profile).is_file():
        fix = "give the name of a profile that the chart has, or settings with --set"
        raise InputError("is a file here, which the cluster does not have", where=f"--profile {profile}", fix=fix)
    server = KfpClient(host, namespace, read_text(token_file).strip() if token_file else "")
    if from_package or package == Path(pipeline):
        source = read_package(package)
        for missing in source.lacks(arguments):
            click.echo(f"{source.title}: {missing}", err=True)
    else:
        source = server.find(pipeline, pipeline_version)
        click.echo(source.title, err=as_json)
    _check_settings(profile or str(source.default("profile")), settings)
    given = {**arguments, "overrides": settings} if settings else arguments
    run = server.submit(source, given, name or f"{package.stem} {form.get('base_model', '')}".strip(), "codekiln")
    if as_json:
        print_json({"run_id": run, "url": server.link(run), "pipeline": source.title})
    else:
        click.echo(server.link(run))
    if wait:
        try:
            with only_json(as_json):
                server.follow(run, click.echo)
        except KeyboardInterrupt:
            click.echo(f"\nthe run goes on, and Kubeflow Pipelines shows it: {server.link(run)}", err=True)
            raise


def _check_settings(profile: str, overrides: dict[str, Any]) -> None:
    """Refuse settings that check would refuse; a profile that only the cluster has can only be resolved there."""
    from codekiln.settings import profiles
    from codekiln.settings.resolve import resolve

    if profile in profiles.names():
        resolve(profile, {}, overrides)


@click.command()
@click.option(
    "--rounds", type=click.IntRange(1, 3), default=1, show_default=True, help="Rounds of self-generation in align."
)
@click.option("--image", default="", envvar="CODEKILN_IMAGE", help="Image of the steps, in place of the release's.")
@click.option("--claim", default="", help="Volume claim that steps and jobs share; empty: object storage.")
@output(type=PathType(path_type=Path), default=Path("compiled"), show_default=True, help="Folder of the files.")
@JSON
def compile(rounds: int, image: str, claim: str, output: Path, as_json: bool) -> None:
    """Compile the pipelines to YAML for Kubeflow's UI.

    It needs a checkout of codekiln.

    Example: codekiln compile --rounds 2 --output build
    """
    try:
        from pipelines.compile import compile_all
    except ModuleNotFoundError as error:
        raise InputError(
            f"cannot import {error.name}",
            where="compile",
            fix="run this in a checkout of codekiln with codekiln[cluster] installed",
        ) from None
    paths = compile_all(output, rounds, image, claim)
    if as_json:
        print_json([str(path) for path in paths])
    else:
        click.echo("\n".join(map(str, paths)))
