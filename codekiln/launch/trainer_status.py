"""Progress of a job in its TrainJob's ``status.trainerStatus``, through the status server of Kubeflow Trainer.

Where Trainer's feature gate ``TrainJobStatus`` is on, the pods of a TrainJob get three variables: the address of the
server, and files with its CA and a token that lets a pod report on this one job. The payload is that of Trainer's
API, ``UpdateTrainJobStatusRequest``; at most one every five seconds, as its user guide ``trainjob-progress`` asks for.
"""

import json
import os
import ssl
import sys
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

URL, CA, TOKEN = "KUBEFLOW_TRAINER_SERVER_URL", "KUBEFLOW_TRAINER_SERVER_CA_CERT", "KUBEFLOW_TRAINER_SERVER_TOKEN"
# The switch of transformers' own callback, which counts here as well.
DISABLE = "DISABLE_KUBEFLOW_INTEGRATION"
INTERVAL_SECONDS = 5.0
LONGEST_INTERVAL_SECONDS = 60.0
TIMEOUT_SECONDS = 5.0
# Limits of the TrainJob's definition.
_TEXT, _METRICS, _INT32 = 64, 256, 2**31 - 1

Metrics = Mapping[str, Any]


class TrainerStatus:
    """Sends the newest progress of this process, from a thread of its own: the work never waits for the server.

    A status that is not sent before the next one is dropped. What fails is said once; it is no error of the job.

    Args:
        url: HTTPS address of this job's status.
        ca_file: File with the certificate of the server's authority.
        token_file: File with the bearer token; it is read again each time, because the kubelet replaces the token.
    """

    def __init__(self, url: str, ca_file: Path, token_file: Path) -> None:
        self._url, self._ca_file, self._token_file = urlsplit(url), ca_file, token_file
        self._changed = threading.Condition()
        self._pending: dict[str, Any] | None = None
        self._closed = False
        self._failures = 0
        self._total, self._before, self._begun = 1, 0, time.monotonic()
        self._thread = threading.Thread(target=self._run, name="trainer status", daemon=True)

    def start(self, total: int, before: int = 0, metrics: Metrics | None = None) -> None:
        """Begin to report.

        Args:
            total: Units of work of the whole job, as optimiser steps.
            before: Those that an earlier attempt has done.
            metrics: Figures by name.
        """
        self._total, self._before, self._begun = max(1, total), before, time.monotonic()
        self.reached(before, metrics)

    def reached(self, done: int, metrics: Metrics | None = None) -> None:
        """Report how many units are done; 100 % is left to `finish`."""
        here = done - self._before
        elapsed = time.monotonic() - self._begun
        remaining = elapsed / here * (self._total - done) if here > 0 else None
        self._report(status(min(99, done * 100 // self._total), remaining, metrics or {}))

    def finish(self, metrics: Metrics | None = None) -> None:
        """Report that all is done; waits for the server only while it answers, and for seconds at most."""
        self._report(status(100, 0, metrics or {}))
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(0 if self._failures else TIMEOUT_SECONDS)

    def _report(self, new: dict[str, Any]) -> None:
        if self._thread.ident is None:
            self._thread.start()
        with self._changed:
            self._pending = new
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pending or self._closed)
                new, self._pending = self._pending, None
            if new is None:
                return
            self._send(new)
            with self._changed:
                self._changed.wait_for(lambda: self._closed, pause(self._failures))

    def _send(self, new: dict[str, Any]) -> None:
        try:
            self._post(json.dumps({"trainerStatus": new}).encode())
        except (OSError, HTTPException, ValueError) as error:
            if not self._failures:
                what = "the progress of this job cannot be reported to Kubeflow Trainer, and it goes on without"
                print(f"{what}: {error or type(error).__name__}", file=sys.stderr, flush=True)
            self._failures = min(self._failures + 1, 10)
        else:
            self._failures = 0

    def _post(self, body: bytes) -> None:
        # Not urllib: through a proxy of the environment, or after a redirect, the token would go elsewhere.
        if self._url.scheme != "https" or not self._url.hostname:
            raise ValueError(f"{URL} is no https address")
        headers = {"Authorization": f"Bearer {_token(self._token_file)}", "Content-Type": "application/json"}
        trust = ssl.create_default_context(cafile=str(self._ca_file))
        connection = HTTPSConnection(self._url.hostname, self._url.port, timeout=TIMEOUT_SECONDS, context=trust)
        try:
            connection.request("POST", self._url.path, body, headers)
            answer = connection.getresponse()
            if answer.status != 200:
                raise HTTPException(f"HTTP {answer.status}: {answer.read(300).decode(errors='replace').strip()}")
        finally:
            connection.close()


def _token(file: Path) -> str:
    token = file.read_text(encoding="ascii").strip()
    if not token or any(each.isspace() for each in token):
        # The error of http.client for such a header would show it.
        raise ValueError(f"{file} holds no token")
    return token


def trainer_status() -> TrainerStatus | None:
    """Return where this process reports its progress; None outside a TrainJob whose Trainer wants to know it."""
    url, ca_file, token_file = (os.environ.get(name, "") for name in (URL, CA, TOKEN))
    if not (url and ca_file and token_file) or os.environ.get(DISABLE, "").upper() == "TRUE":
        return None
    return TrainerStatus(url, Path(ca_file), Path(token_file))


def pause(failures: int) -> float:
    """Return the seconds to wait after a report, by the number of failures since the last success."""
    return min(INTERVAL_SECONDS * 2.0**failures, LONGEST_INTERVAL_SECONDS)


def status(percentage: int, remaining: float | None, metrics: Metrics) -> dict[str, Any]:
    """Return a ``TrainerStatus`` of Trainer's API, within its limits.

    Args:
        percentage: Work done, 0 to 100.
        remaining: Estimated seconds until all is done; None: unknown.
        metrics: Figures by name; what has no name or no text is left out.
    """
    texts = {str(name)[:_TEXT]: str(value)[:_TEXT] for name, value in metrics.items()}
    found = [{"name": name, "value": text} for name, text in texts.items() if name and text]
    return {
        "progressPercentage": max(0, min(100, int(percentage))),
        **({} if remaining is None else {"estimatedRemainingSeconds": int(max(0, min(_INT32, remaining)))}),
        **({"metrics": found[:_METRICS]} if found else {}),
        "lastUpdatedTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
