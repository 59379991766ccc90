"""A pipeline of one step that waits, alone or for a job on a cluster, with a child of its own; quick to start."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from codekiln.stages import step
from codekiln.stages.base import StageManifest
from codekiln.stages.run_folder import WORKDIR

STEP = "waits"


def write(path: Path) -> Path:
    """Write the pipeline, compiled."""
    from kfp import compiler, dsl

    @dsl.component(base_image="python", packages_to_install=[], install_kfp_package=False)
    def waits() -> None:
        from tests.stand_in import main

        main()

    @dsl.pipeline(name="stand-in")
    def pipeline(profile: str = "", overrides: dict = {}) -> None:  # noqa: B006
        waits()

    compiler.Compiler().compile(pipeline, str(path))
    return path


def main() -> None:
    """Do what the step does; the environment says whether there is a cluster."""
    workdir = Path(os.environ[WORKDIR])
    perform = _for_a_job if "KUBECONFIG" in os.environ else _alone
    step._guarded(STEP, STEP, workdir / "check", workdir / STEP, perform)


def _alone() -> StageManifest:
    if "CODEKILN_TEST_KILL" in os.environ:
        os.kill(os.getpid(), signal.SIGKILL)
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    # From another thread: a signal that comes with it must not interrupt this one in the middle of a line.
    threading.Timer(0.1, print, ["is at work"], {"flush": True}).start()
    try:
        while True:
            time.sleep(0.1)
            if "CODEKILN_TEST_LINES" in os.environ:
                print("a line", flush=True)
    finally:
        print("has cleaned up", flush=True)
        Path(os.environ[WORKDIR], "cleaned").touch()


def _for_a_job() -> StageManifest:
    from codekiln.launch.cluster.pool_run import run_on_pool
    from tests.launch.steps import QUICK, request

    run_on_pool(request(), timeouts=QUICK)
    raise AssertionError("nothing has ended it")
