"""``python -m codekiln.launch.upload --host URL FILE…``: put compiled pipelines into Kubeflow Pipelines.

The chart runs this after an installation and an upgrade.
"""

import sys
import time
from pathlib import Path

import click

from codekiln.errors import CodekilnError, InputError
from codekiln.launch.kfp_client import Kubeflow

PAUSE_SECONDS = 10


@click.command()
@click.option("--host", required=True, help="Address of the Kubeflow Pipelines API.")
@click.option("--namespace", default="", help="Namespace of the pipelines, on a multi-user installation.")
@click.option("--token-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Bearer token.")
@click.option("--wait", default=600, show_default=True, help="Seconds to wait for the API to answer.")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(host: str, namespace: str, token_file: Path | None, wait: int, files: tuple[Path, ...]) -> None:
    """Upload FILES; what is there already is left alone."""
    token = token_file.read_text().strip() if token_file else ""
    try:
        server = _connect(host, namespace, token, time.monotonic() + wait)
        for file in files:
            print(server.upload(file), flush=True)
    except CodekilnError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)


def _connect(host: str, namespace: str, token: str, deadline: float) -> Kubeflow:
    while True:
        try:
            return Kubeflow(host, namespace, token)
        except InputError as error:
            # Right after an installation the API may still be starting.
            if "cannot be reached" not in error.what or time.monotonic() > deadline:
                raise
            print(f"waiting for {host}", flush=True)
            time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main()
