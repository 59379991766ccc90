"""Commands for Kubernetes and Kubeflow Pipelines: plan, submit, compile."""

import json
from pathlib import Path
from typing import Any

import click

from codekiln.cli.options import JSON, PROFILE, SET
from codekiln.errors import InputError


@click.command()
@PROFILE
@click.option("--base-model", default="", help="A name of `codekiln models`, a folder, or a Hub id.")
@click.option("--pool", default="", help="A GPU pool of CODEKILN_CLUSTER.")
@click.option("--gpu", default="", metavar="GPU[:COUNT]", help="GPUs of one node without a cluster: H100:8, 24GiB:2.")
@SET
@JSON
def plan(profile: str, base_model: str, pool: str, gpu: str, overrides: tuple[str, ...], as_json: bool) -> None:
    """Show how training would divide its work over GPUs, and the memory it would take; spends no GPU.

    Also what gain the evaluation could show, where problems.evaluation says how many problems there are.

    Example: codekiln plan --profile gemma3-12b --gpu A100-80:2
    """
    from codekiln.launch.gpus import pool_of
    from codekiln.launch.pools import read_cluster
    from codekiln.settings.resolve import resolve
    from codekiln.stages.planning import plan_evaluation, plan_run
    from codekiln.training.plan import table

    settings = resolve(profile, {"base_model": base_model, "pool": pool}, list(overrides))
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
@click.argument("pipeline")
@click.option("--host", default="", envvar="CODEKILN_KFP_HOST", help="Kubeflow Pipelines' address.")
@click.option("--namespace", default="", help="Your profile's namespace, on a multi-user Kubeflow.")
@click.option("--token-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Bearer token.")
@click.option("--name", default="", help="Name of the run.")
@click.option("--profile", help="Sizes and defaults; a name.")
@click.option("--recipe", help="Data recipe.")
@click.option("--base-model", help="A name of `codekiln models` or a Hub id.")
@click.option("--metric", help="Target metric.")
@click.option("--pool", help="GPU pool that trains and samples; '' for none.")
@click.option("--experiment", help="MLflow experiment.")
@click.option("--promote-as", help="Registered model name.")
@click.option("--image", help="Image of the steps.")
@click.option("--adapter", help="For judge: models:/name@alias or models:/name/1.")
@SET
@click.option("--pipeline-version", default="", help="Name of a version on the server; default: this release's newest.")
@click.option(
    "--from-package", is_flag=True, help="Submit codekiln's own file, not the pipeline that the chart installed."
)
@click.option("--wait", is_flag=True, help="Follow the run; exit with 1 when it fails.")
def submit(
    pipeline: str,
    host: str,
    namespace: str,
    token_file: Path | None,
    name: str,
    overrides: tuple[str, ...],
    pipeline_version: str,
    from_package: bool,
    wait: bool,
    **form: str | None,
) -> None:
    """Start PIPELINE (align, instruct, prefer, data, judge, or a compiled YAML) on Kubeflow Pipelines.

    A name is the pipeline that the chart has installed there; what is not given is its default.

    Example: codekiln submit align --host http://localhost:8080 --profile cluster --pool h200 --wait
    """
    from codekiln.cli.compiled_pipelines import find_pipeline
    from codekiln.data.text import read_text
    from codekiln.launch.kfp_client import KfpClient
    from codekiln.launch.pipeline_source import read_package
    from codekiln.settings.overrides import parse_overrides

    settings = parse_overrides(list(overrides))
    arguments = {key: value for key, value in form.items() if value is not None}
    package = find_pipeline(pipeline)
    server = KfpClient(host, namespace, read_text(token_file).strip() if token_file else "")
    if from_package or package == Path(pipeline):
        source = read_package(package)
        for missing in source.lacks(arguments):
            click.echo(f"{source.title}: {missing}", err=True)
    else:
        source = server.find(pipeline, pipeline_version)
        click.echo(source.title)
    _check_settings(form["profile"] or str(source.default("profile")), settings)
    given = {**arguments, "overrides": settings} if settings else arguments
    run = server.submit(source, given, name or f"{package.stem} {form['base_model'] or ''}".strip(), "codekiln")
    click.echo(server.link(run))
    if wait:
        server.follow(run, click.echo)


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
@click.option("--output", type=click.Path(path_type=Path), default=Path("compiled"), show_default=True)
def compile(rounds: int, image: str, claim: str, output: Path) -> None:
    """Compile the pipelines to YAML for the Kubeflow Pipelines UI; needs a checkout of codekiln.

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
    for path in compile_all(output, rounds, image, claim):
        click.echo(path)
