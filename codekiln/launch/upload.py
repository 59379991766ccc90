"""``python -m codekiln.launch.upload --host URL FILE…``: upload compiled pipelines to Kubeflow Pipelines.

The chart runs this after an installation and an upgrade.
"""

import sys
from pathlib import Path

import click
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from codekiln.data.text import read_text
from codekiln.errors import CodekilnError
from codekiln.launch.kfp_client import KfpClient, ServerUnreachable

PAUSE_SECONDS = 10


@click.command()
@click.option("--host", required=True, help="Address of the Kubeflow Pipelines API.")
@click.option("--namespace", default="", help="Namespace of the pipelines, on a multi-user installation.")
@click.option("--token-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Bearer token.")
@click.option("--wait", default=600, show_default=True, help="Seconds to wait for the API to answer.")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(host: str, namespace: str, token_file: Path | None, wait: int, files: tuple[Path, ...]) -> None:
    """Upload FILES; a version that exists already is left alone."""
    token = read_text(token_file).strip() if token_file else ""
    # Right after an installation the API may still be starting.
    connecting = Retrying(
        retry=retry_if_exception_type(ServerUnreachable),
        wait=wait_fixed(PAUSE_SECONDS),
        stop=stop_after_delay(wait),
        before_sleep=lambda _: print(f"waiting for {host}", flush=True),
        reraise=True,
    )
    try:
        client = connecting(KfpClient, host, namespace, token)
        for file in files:
            print(client.upload(file), flush=True)
    except CodekilnError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
