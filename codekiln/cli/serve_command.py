"""The command ``serve``: a registered version behind vLLM's OpenAI-compatible server."""

import os
import signal
from pathlib import Path

import click

from codekiln.cli.options import BASE_OF_ADAPTER, PUBLIC_KEY, TRACKING
from codekiln.cli.words import PathType


@click.command(context_settings={"ignore_unknown_options": False})
@click.argument("model", metavar="NAME[@ALIAS]")
@click.argument("vllm_args", nargs=-1, type=click.UNPROCESSED, metavar="[-- VLLM_ARGS]")
@click.option("--follow", is_flag=True, help="Serve what the alias points at, also after it changes; no restart.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to listen at.")
@click.option("--served-name", default="", help="Name under which clients ask; default: the alias.")
@BASE_OF_ADAPTER
@TRACKING
@click.option("--max-lora-rank", type=click.IntRange(min=1), help="Load adapters of this rank, too.")
@click.option("--smoke", type=PathType(path_type=Path), help="JSON Lines of prompts that a new version has to answer.")
@PUBLIC_KEY
@click.option(
    "--interval", type=click.FloatRange(min=0.1), default=10, show_default=True, help="Seconds between looks."
)
@click.option(
    "--webhook-port", type=click.IntRange(0, 65535), default=0, help="Let MLflow's webhooks wake the follower."
)
@click.option(
    "--folder", type=PathType(path_type=Path), help="Adapters, names and vLLM's log; default: a temporary one."
)
@click.option("--server", default="", help="Follow with this server of the chart, and start none.")
def serve(
    model: str,
    vllm_args: tuple[str, ...],
    follow: bool,
    host: str,
    port: int,
    served_name: str,
    base_model: str,
    tracking_uri: str,
    max_lora_rank: int | None,
    smoke: Path | None,
    public_key: Path | None,
    interval: float,
    webhook_port: int,
    folder: Path | None,
    server: str,
) -> None:
    """Serve a registered version with vLLM.

    It is a LoRA adapter beside its base.

    Example: codekiln serve codekiln-tiny@champion --follow
    """
    from codekiln.stages.serving import run
    from codekiln.stages.serving.smoke import read_smoke_test
    from codekiln.stages.serving.webhook import SECRET

    signal.signal(signal.SIGTERM, _end)
    rank = max_lora_rank or 0
    asked = run.Request(model, base_model, tracking_uri, served_name, host, port, rank, folder, vllm_args, public_key)
    following = run.Following(read_smoke_test(smoke), interval, webhook_port, os.environ.get(SECRET, ""))
    if server:
        run.follow(asked, server, following, _say)
    elif follow:
        run.serve_and_follow(asked, following, _say)
    else:
        run.serve(asked, _say)


def _say(line: str) -> None:
    click.echo(line)


def _end(number: int, frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(128 + number)
