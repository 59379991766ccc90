"""The command line: every command's help fits a screen; exit codes are 0, 1 (judged no) and 2 (the user's mistake)."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from codekiln import __version__
from codekiln.errors import CodekilnError, InputError
from codekiln.exercises.cli import exercise

HELP = {"help_option_names": ["-h", "--help"]}
SET = click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="A setting over the profile; repeatable."
)
PROFILE = click.option(
    "--profile", default="laptop", show_default=True, help="Sizes and defaults; a name or a TOML file."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class Commands(click.Group):
    """Turns our errors into messages and exit codes."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a user's mistake exits with 2 and no traceback."""
        try:
            return super().invoke(ctx)
        except CodekilnError as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(2 if isinstance(error, InputError) else 1)


@click.group(cls=Commands, context_settings=HELP)
@click.version_option(__version__, prog_name="codekiln")
def main() -> None:
    """Fine-tune code models into models that write correct and maintainable code.

    Example: codekiln run align --profile laptop --workdir runs/demo
    """


@main.command()
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
    """Run PIPELINE (align, instruct, data, judge, or a compiled YAML) on this machine.

    The same command again goes on where the last one stopped: a stage whose inputs, settings and code have not changed
    is not repeated.

    Example: codekiln run align --profile cluster --base-model qwen3-4b --workdir runs/qwen
    """
    from codekiln import local_run
    from codekiln.closing import closing

    arguments = {key: value for key, value in form.items() if value}
    if pipeline == "judge" and "recipe" in arguments:  # its run form has no field left
        overrides = (*overrides, f"recipe={arguments.pop('recipe')}")
    arguments |= {"overrides": "\n".join(overrides)}
    if not local_run.run(pipeline, arguments, workdir):
        click.echo(f"stopped; the log is {workdir / local_run.LOG}; the same command goes on from here", err=True)
        sys.exit(2)
    text, judged_no = closing(workdir)
    click.echo(text)
    sys.exit(1 if judged_no else 0)


@main.command()
@click.argument("adapter")
@PROFILE
@click.option("--recipe", default="", help="The recipe whose problems and measures judge.")
@click.option("--promote-as", default="", help="Registered model name.")
@SET
@click.option("--workdir", type=click.Path(path_type=Path), default=Path("runs/judge"), show_default=True)
@click.pass_context
def judge(ctx: click.Context, adapter: str, **options: Any) -> None:
    """Evaluate ADAPTER against its base model and the champion, and promote it if the gate lets it through.

    ADAPTER is models:/name@alias, models:/name/version, or a folder that PEFT saved.

    Example: codekiln judge models:/codekiln-tiny@challenger
    """
    ctx.invoke(run, pipeline="judge", adapter=adapter, base_model="", metric="", **options)


@main.command()
@click.argument("name", metavar="STAGE")
@click.option("--run", "run_folder", type=click.Path(path_type=Path), required=True, help="Output folder of check.")
@click.option(
    "--input", "inputs", multiple=True, metavar="NAME=DIR", help="Output folder of a stage before; repeatable."
)
@click.option("--output", type=click.Path(path_type=Path), required=True, help="Folder to fill.")
@click.option("--step", default="", help="What to call this use of the stage.")
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


@main.command()
@PROFILE
@SET
@click.option("--output", type=click.Path(path_type=Path), default=Path("runs/latest/check"), show_default=True)
@click.option("--cluster", is_flag=True, help="Look at the cluster instead: pools, queues, volume, permissions.")
@click.option("--kfp-host", default="", help="With --cluster: Kubeflow Pipelines' address, to be looked at too.")
def check(profile: str, overrides: tuple[str, ...], output: Path, cluster: bool, kfp_host: str) -> None:
    """Prove settings, model, teacher, registry, pool, disk and problems; reports every problem it finds.

    With --cluster, prove every GPU pool that CODEKILN_CLUSTER names, the volume or bucket, MLflow and permissions.

    Example: codekiln check --set problems.source=mbpp.jsonl
    """
    from codekiln.settings import resolve
    from codekiln.stages.runner import run_check

    if cluster:
        from codekiln.launch.readiness import check_cluster

        check_cluster(kfp_host)
        click.echo("the cluster is ready")
        return
    figures = run_check(resolve(profile, {}, list(overrides)), output).summary.figures
    click.echo(f"ready: {figures['train']:.0f} training, {figures['evaluation']:.0f} evaluation problems in {output}")


@main.command()
@click.option("--problems", required=True, help="MBPP, HumanEval or plain problems: a file or a Hub id.")
@click.option(
    "--samples", type=click.Path(path_type=Path), required=True, help="JSON Lines: task_id and solution or completion."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Gets one graded row a sample.")
@click.option("--workers", type=click.IntRange(min=1), default=None, help="Sandbox workers; default: one per core.")
@JSON
def grade(problems: str, samples: Path, out: Path, workers: int | None, as_json: bool) -> None:
    """Grade programs in the sandbox; the same command again goes on after an interruption.

    Example: codekiln grade --problems mbpp.jsonl --samples samples.jsonl --out graded.jsonl
    """
    from codekiln.grading import grade_files
    from codekiln.sandbox import Limits

    summary = grade_files(problems, samples, out, workers, Limits())
    click.echo(json.dumps(summary) if as_json else "\n".join(f"{key:<12} {value}" for key, value in summary.items()))


@main.command()
@click.argument("file", type=click.File("r"))
@JSON
def score(file: Any, as_json: bool) -> None:
    """Score the Python program in FILE (- for standard input) on every metric.

    Example: codekiln score solution.py
    """
    from codekiln import metrics

    scores = metrics.score_all([file.read()])[0]
    if as_json:
        click.echo(json.dumps({item.metric: item.value for item in scores}))
        return
    for item in scores:
        value = "no signal" if item.value is None else f"{item.value:.2f}"
        click.echo(f"{item.metric:<28} {value:>10}  {item.reason or metrics.get(item.metric).describe}")


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@JSON
def validate(folder: Path, as_json: bool) -> None:
    """Prove a data set: its digests, its rows, no leak across the split, and what its recipe promises.

    FOLDER is the output of a filter stage, or the folder dataset in it.

    Example: codekiln validate runs/latest/filter
    """
    from codekiln import published

    inner = folder / published.FOLDER
    found = list(published.validate(inner if inner.is_dir() else folder))
    if as_json:
        click.echo(json.dumps([{"where": item.where, "what": item.what, "fix": item.fix} for item in found]))
    else:
        click.echo("\n".join(map(str, found)) or "sound")
    sys.exit(1 if found else 0)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--against", default="base", show_default=True, help="The contender to compare with.")
@JSON
def compare(folder: Path, against: str, as_json: bool) -> None:
    """Compare the contenders of an evaluation, problem by problem, with 95 % intervals; also per stratum.

    FOLDER is the output of an evaluate stage, or the working directory of a run.

    Example: codekiln compare runs/latest --against base
    """
    from codekiln.evaluation import comparison_table, strata_table
    from codekiln.stages.evaluate import EVALUATION, read_evaluation

    inner = folder / "evaluate"
    evaluation = read_evaluation(inner if (inner / EVALUATION).exists() else folder)
    if as_json:
        click.echo(evaluation.model_dump_json(exclude={"per_problem"}))
        return
    click.echo(comparison_table(evaluation, against))
    if strata := strata_table(evaluation, evaluation.measures):
        click.echo(f"\n{strata}")


@main.command()
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
            click.echo(f"{known:<16} {table.get(known).describe}")


def _recipe(kind: Any) -> str:
    from codekiln import measures

    lines = [kind.describe, "", "settings, with their defaults:"]
    for key, field in kind.Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        lines.append(f"  recipes.{kind.name}.{key} = {json.dumps(default, default=str)}")
        lines.append(f"      {field.description}")
    lines += ["", f"pass@k: chance that one of k replies {kind.passes}; it aims at {kind.target}"]
    lines += [f"  {name:<28} {found.describe}" for name, found in measures.of(kind).items()]
    return "\n".join(lines)


@main.command()
@JSON
def models(as_json: bool) -> None:
    """List the base models that are known by name.

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


@main.command()
@PROFILE
@click.option("--base-model", default="", help="A name of `codekiln models`, a folder, or a Hub id.")
@click.option("--pool", required=True, help="A GPU pool of CODEKILN_CLUSTER.")
@SET
@JSON
def plan(profile: str, base_model: str, pool: str, overrides: tuple[str, ...], as_json: bool) -> None:
    """Show how training would divide its work over a GPU POOL, and the memory it would take; spends no GPU.

    Example: codekiln plan --profile gemma3-12b --pool h200
    """
    from codekiln.launch.pools import read_cluster
    from codekiln.plan import table
    from codekiln.settings import resolve
    from codekiln.stages.planning import plan_run

    settings = resolve(profile, {"base_model": base_model, "pool": pool}, list(overrides))
    plans = plan_run(settings, read_cluster().pool(pool))
    if as_json:
        click.echo(json.dumps({name: chosen.model_dump(mode="json") for name, chosen in plans.items()}, indent=2))
        return
    click.echo(table(plans))


@main.command()
@click.argument("pipeline")
@click.option("--host", default="", envvar="CODEKILN_KFP_HOST", help="Kubeflow Pipelines' address.")
@click.option("--namespace", default="", help="Your profile's namespace, on a multi-user Kubeflow.")
@click.option("--token-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Bearer token.")
@click.option("--name", default="", help="Name of the run.")
@PROFILE
@click.option("--recipe", default="", help="Data recipe.")
@click.option("--base-model", default="", help="A name of `codekiln models` or a Hub id.")
@click.option("--metric", default="", help="Target metric.")
@click.option("--pool", default="", help="GPU pool that trains and samples.")
@click.option("--experiment", default="", help="MLflow experiment.")
@click.option("--promote-as", default="", help="Registered model name.")
@click.option("--image", default="", help="Image of the steps.")
@click.option("--adapter", default="", help="For judge: models:/name@alias or models:/name/1.")
@SET
@click.option("--wait", is_flag=True, help="Follow the run; exit with 1 when it fails.")
def submit(
    pipeline: str,
    host: str,
    namespace: str,
    token_file: Path | None,
    name: str,
    overrides: tuple[str, ...],
    wait: bool,
    **form: str,
) -> None:
    """Start PIPELINE (align, instruct, data, judge, or a compiled YAML) on Kubeflow Pipelines.

    Example: codekiln submit align --host http://localhost:8080 --profile cluster --pool h200 --wait
    """
    from codekiln import local_run
    from codekiln.kubeflow import Kubeflow
    from codekiln.settings import parse_overrides, profile_names, resolve

    package, arguments = local_run.compiled(pipeline), {key: value for key, value in form.items() if value}
    arguments |= {"overrides": "\n".join(overrides)} if overrides else {}
    if form["profile"] in profile_names():
        resolve(form["profile"], {}, list(overrides))
    else:
        # A profile that only the cluster has is read there, by check.
        parse_overrides(list(overrides))
    server = Kubeflow(host, namespace, token_file.read_text().strip() if token_file else "")
    run = server.submit(package, arguments, name or f"{package.stem} {form['base_model']}".strip(), "codekiln")
    click.echo(server.link(run))
    if wait:
        server.follow(run, click.echo)


@main.command()
@click.option(
    "--rounds", type=click.IntRange(1, 3), default=1, show_default=True, help="Rounds of self-generation in align."
)
@click.option("--image", default="", envvar="CODEKILN_IMAGE", help="Image of the steps, in place of the release's.")
@click.option("--claim", default="", help="Volume claim that steps and jobs share; empty: object storage.")
@click.option("--output", type=click.Path(path_type=Path), default=Path("compiled"), show_default=True)
def compile(rounds: int, image: str, claim: str, output: Path) -> None:
    """Compile the pipelines to YAML that the Kubeflow Pipelines UI takes; needs a checkout of codekiln.

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


@main.command()
@click.argument("name")
@click.option("--tracking-uri", default="sqlite:///runs/demo/mlflow.db", show_default=True, help="MLflow.")
@click.option("--experiment", default="codekiln", show_default=True)
@click.option("--undo", is_flag=True, required=True, help="Give the champion's place back to the version before it.")
def promote(name: str, tracking_uri: str, experiment: str, undo: bool) -> None:
    """Undo the promotion of registered model NAME; `codekiln judge` is how one is promoted.

    Example: codekiln promote codekiln-tiny --undo
    """
    from codekiln.registry import Registry

    champion = Registry(tracking_uri, experiment).rollback(name)
    click.echo(f"champion of {name}: version {champion.version}" if champion else f"{name} has no champion now")


main.add_command(exercise)


def _pair(text: str, option: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise InputError(f"'{text}' is not NAME=DIR", where=option, fix=f"for example {option} data=runs/demo/filter")
    return key, value
