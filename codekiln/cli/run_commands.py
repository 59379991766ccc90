"""Commands that run pipelines and stages on this machine: run, judge, stage, check."""

import sys
from pathlib import Path
from typing import Any

import click

from codekiln.cli.options import PROFILE, SET
from codekiln.errors import InputError
from codekiln.stages.process_tree import silence


@click.command()
@click.argument("pipeline")
@PROFILE
@click.option("--recipe", default="", help="Data recipe.")
@click.option("--base-model", default="", help="A name of `codekiln models`, a folder, or a Hub id.")
@click.option("--metric", default="", help="Target metric.")
@click.option("--promote-as", default="", help="Registered model name.")
@click.option("--adapter", default="", help="For judge: models:/name@alias, models:/name/1, or a folder.")
@SET
@click.option("--workdir", type=click.Path(path_type=Path), default=Path("runs/latest"), show_default=True)
def run(pipeline: str, workdir: Path, overrides: tuple[str, ...], **form: str) -> None:
    """Run PIPELINE (align, instruct, prefer, data, judge, or a compiled YAML) on this machine.

    The same command again continues where the last one stopped: a stage whose inputs, settings and code have not
    changed is not repeated.

    Example: codekiln run align --profile cluster --base-model qwen3-4b --workdir runs/qwen
    """
    from codekiln.cli import local_runner
    from codekiln.cli.compiled_pipelines import find_pipeline
    from codekiln.cli.run_summary import summarise
    from codekiln.settings.overrides import parse_overrides
    from codekiln.stages.monitoring.run_watch import notified

    arguments = {key: value for key, value in form.items() if value}
    # The run form of judge has no input for the recipe, since nine inputs are its limit.
    if pipeline == "judge" and "recipe" in arguments:
        overrides = (*overrides, f"recipe={arguments.pop('recipe')}")
    form_values = {**arguments, "overrides": parse_overrides(list(overrides))}
    stopped = f"stopped; the log is {workdir / local_runner.LOG}; repeat the command to continue"
    path = find_pipeline(pipeline)
    try:
        with notified(workdir) as result:
            ok = result.ok = local_runner.run(path, form_values, workdir)
    except SystemExit:
        _say_on_a_lost_terminal(stopped)
        raise
    if not ok:
        click.echo(stopped, err=True)
        sys.exit(2)
    text, is_refused = summarise(workdir)
    click.echo(text)
    sys.exit(1 if is_refused else 0)


@click.command()
@click.argument("adapter")
@PROFILE
@click.option("--recipe", default="", help="The recipe whose problems and measures are used.")
@click.option("--promote-as", default="", help="Registered model name.")
@SET
@click.option("--workdir", type=click.Path(path_type=Path), default=Path("runs/judge"), show_default=True)
@click.pass_context
def judge(context: click.Context, /, adapter: str, **options: Any) -> None:
    """Evaluate ADAPTER against its base model and the champion, and promote it if it passes the gate.

    ADAPTER is models:/name@alias, models:/name/version, or a folder that PEFT saved.

    Example: codekiln judge models:/codekiln-tiny@challenger
    """
    context.invoke(run, pipeline="judge", adapter=adapter, base_model="", metric="", **options)


@click.command()
@click.argument("name", metavar="STAGE")
@click.option("--run", "run_folder", type=click.Path(path_type=Path), required=True, help="Output folder of check.")
@click.option(
    "--input", "inputs", multiple=True, metavar="NAME=DIR", help="Output folder of an earlier stage; repeatable."
)
@click.option("--output", type=click.Path(path_type=Path), required=True, help="Folder to fill.")
@click.option("--step", default="", help="Name of this run of the stage.")
@click.option("--source", default="", help="For fetch: where the adapter is.")
def stage(name: str, run_folder: Path, inputs: tuple[str, ...], output: Path, step: str, source: str) -> None:
    """Run one STAGE on folders, in this process, so that a debugger works.

    Example: codekiln stage sft --run runs/demo/check --input data=runs/demo/filter --output /tmp/sft
    """
    from codekiln.stages.runner import run_stage

    folders = {key: Path(value) for key, value in (_pair(item, "--input") for item in inputs)}
    manifest, done = run_stage(name, run_folder, folders, output, step, {"source": source} if source else {})
    click.echo(f"{manifest.step} {'was done already' if done else f'done in {manifest.seconds:.0f} s'}")
    click.echo(manifest.summary.model_dump_json(indent=2, exclude={"curve"}))


@click.command()
@PROFILE
@SET
@click.option("--output", type=click.Path(path_type=Path), default=Path("runs/latest/check"), show_default=True)
@click.option("--data-only", is_flag=True, help="The run makes a data set: no gate needs enough evaluation problems.")
@click.option("--cluster", is_flag=True, help="Check the cluster instead: pools, queues, volume, permissions.")
@click.option("--kfp-host", default="", help="With --cluster: address of Kubeflow Pipelines, to check it too.")
def check(
    profile: str, overrides: tuple[str, ...], output: Path, data_only: bool, cluster: bool, kfp_host: str
) -> None:
    """Check settings, model, teacher, registry, pool, disk and problems; reports every problem it finds.

    With --cluster, check every GPU pool that CODEKILN_CLUSTER names, the volume or bucket, MLflow and permissions.

    Example: codekiln check --set problems.source=mbpp.jsonl
    """
    from codekiln.stages.resolved import resolve_and_read
    from codekiln.stages.runner import run_check

    if cluster:
        from codekiln.launch.readiness import check_cluster

        check_cluster(kfp_host)
        click.echo("the cluster is ready")
        return
    figures = run_check(resolve_and_read(profile, {}, list(overrides)), output, gate=not data_only).summary.figures
    click.echo(f"ready: {figures['train']:.0f} training, {figures['evaluation']:.0f} evaluation problems in {output}")


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
