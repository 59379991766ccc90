"""The notification of the end of a run on this machine, which `codekiln run` sends."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from codekiln.errors import InputError
from codekiln.stages.monitoring.context import is_notified, step_context
from codekiln.stages.monitoring.outbox import Outbox
from codekiln.stages.monitoring.step_watch import REPORT, RESULTS

# Somebody has told the run to end, and waits for that.
STOPPED_SECONDS = 5.0


class RunResult:
    """Set by the block of `notified` to whether all stages have ended well."""

    ok = True


@contextmanager
def notified(workdir: Path) -> Iterator[RunResult]:
    """Notify of the end of the run in this block, in whichever way it ends; a run that cannot begin has no end."""
    result, began = RunResult(), time.time()
    try:
        yield result
    except SystemExit as end:
        number = (end.code if isinstance(end.code, int) else 1) - 128
        _tell(workdir, "stopped", f"ended by signal {number}", began)
        raise
    except InputError:
        raise
    except Exception as error:
        _tell(workdir, "failed", f"{type(error).__name__}: {error}", began)
        raise
    _tell(workdir, "succeeded" if result.ok else "failed", "" if result.ok else "a stage has failed", began)


def _tell(workdir: Path, status: str, reason: str, began: float) -> None:
    if not is_notified():
        return
    from codekiln.stages.monitoring import events, webhook

    def deliver() -> None:
        found = {}
        # One that an earlier run has left there is older.
        if (results := workdir / RESULTS).exists() and results.stat().st_mtime >= began:
            found["gate"] = json.loads(results.read_bytes())["gate"]
            found["report"] = {"path": str((workdir / REPORT).absolute())}
        context = step_context("", workdir / "check")
        event = events.run_finished(context, status, reason=reason, once=f"{began:.3f}", **found)
        webhook.notify(event, attempts=1 if status == "stopped" else webhook.ATTEMPTS)

    outbox = Outbox()
    outbox.put(deliver)
    if status == "stopped":
        outbox.close(STOPPED_SECONDS)
    else:
        outbox.close()
