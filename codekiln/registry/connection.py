"""How a tracking server is reached, and how what it refuses is explained."""

import fcntl
import functools
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

from codekiln.errors import RegistryError

if TYPE_CHECKING:
    from mlflow import MlflowClient

Method = TypeVar("Method", bound=Callable[..., Any])
LOCK_SECONDS = 60
_DENIED = ("PERMISSION_DENIED", "UNAUTHENTICATED", "answered 401", "answered 403", "readonly", "Permission denied")
_UNREACHABLE = ("Max retries exceeded", "Connection", "NewConnectionError", "unable to open database", "timed out")


def guarded(method: Method) -> Method:
    """Make a method of something with a ``uri`` raise RegistryError, saying what to do, where MLflow would raise."""

    @functools.wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            return method(self, *args, **kwargs)
        except (MlflowException, SQLAlchemyError, OSError) as error:
            raise refused(f"cannot {method.__name__.strip('_').replace('_', ' ')}", self.uri, error) from error

    return call  # type: ignore[return-value]


def refused(what: str, uri: str, error: Exception) -> RegistryError:
    """Return the RegistryError that says ``what`` failed at ``uri``, why, and what the user can do about it."""
    reason = str(error).strip().split("\n")[0][:300]
    seen = f"{type(error).__name__} {getattr(error, 'error_code', '')} {error}"
    if any(sign in seen for sign in _DENIED):
        fix = "give this user write access, or set MLFLOW_TRACKING_TOKEN / MLFLOW_TRACKING_USERNAME and _PASSWORD"
    elif "out-of-date database schema" in seen:
        fix = f"another MLflow version made this database: back it up, then run `mlflow db upgrade {uri}`"
    elif "_alembic_tmp_" in seen:
        fix = "MLflow was killed while it set this database up: delete the file if no run is in it yet, and repeat"
    elif any(sign in seen for sign in _UNREACHABLE):
        fix = "check the tracking URI and that the server answers from here"
    else:
        fix = "look at the run or model in MLflow, then repeat this step"
    return RegistryError(f"MLflow at {_without_password(uri)}: {what}: {reason}\n  fix: {fix}")


def connect(uri: str, experiment: str) -> tuple["MlflowClient", str]:
    """Return a client for ``uri`` and the id of ``experiment``, created when it is new.

    No global MLflow state is touched, so several connections live in one process. Artifacts of a SQLite store lie
    beside its file, in ``mlartifacts``; every other store decides itself.

    Raises:
        RegistryError: The URI is a file store or cannot be reached, the user may not write, or the experiment
            was deleted.
    """
    _check_scheme(uri)
    _import_quietly()
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        _check_reachable(uri)
        with _first_use(uri):
            client = MlflowClient(tracking_uri=_patient(uri), registry_uri=_patient(uri))
            client.search_registered_models(max_results=1)
            return client, _experiment_id(client, uri, experiment)
    except (MlflowException, SQLAlchemyError, OSError) as error:
        raise refused(f"cannot open experiment '{experiment}'", uri, error) from error


def sqlite_path(uri: str) -> Path | None:
    """Return the file of a SQLite URI, or None for any other store."""
    parts = urlsplit(uri)
    return Path(unquote(parts.path.removeprefix("/"))).absolute() if parts.scheme == "sqlite" else None


def _check_scheme(uri: str) -> None:
    if urlsplit(uri).scheme in ("", "file"):
        raise RegistryError(
            f"MLflow at '{uri}': a folder cannot be the tracking store: MLflow has deprecated it, and two runs at once "
            "corrupt it\n  fix: use sqlite:///mlflow.db, or the http(s) address of an MLflow server"
        )


def _check_reachable(uri: str) -> None:
    # MLflow's own retries take minutes before they admit that nobody is there.
    if urlsplit(uri).scheme not in ("http", "https"):
        return
    from mlflow.utils.credentials import get_default_host_creds
    from mlflow.utils.rest_utils import http_request

    response = http_request(
        get_default_host_creds(uri),
        "/api/2.0/mlflow/experiments/search",
        "POST",
        max_retries=2,
        timeout=10,
        raise_on_status=False,
        json={"max_results": 1},
    )
    if response.status_code != 200:
        raise OSError(f"the server answered {response.status_code} {response.reason}")


@contextmanager
def _first_use(uri: str) -> Iterator[None]:
    # MLflow creates its tables without a lock, so two processes that meet an empty database break each other.
    path = sqlite_path(uri)
    if path is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _import_quietly() -> None:
    # MLflow sends usage data from its import on, and prints migrations and progress bars; nobody asked for them.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow  # noqa: F401

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _patient(uri: str) -> str:
    # A second writer waits for SQLite's lock instead of failing after five seconds.
    return uri if sqlite_path(uri) is None or "?" in uri else f"{uri}?timeout={LOCK_SECONDS}"


def _experiment_id(client: "MlflowClient", uri: str, name: str) -> str:
    from mlflow.exceptions import MlflowException

    if found := client.get_experiment_by_name(name):
        if found.lifecycle_stage == "deleted":
            raise MlflowException(f"experiment '{name}' was deleted; restore it or choose another name")
        return found.experiment_id
    path = sqlite_path(uri)
    try:
        return client.create_experiment(name, (path.parent / "mlartifacts").as_uri() if path else None)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        # Someone else created it between the two calls.
        return client.get_experiment_by_name(name).experiment_id


def _without_password(uri: str) -> str:
    parts = urlsplit(uri)
    if not parts.password:
        return uri
    return parts._replace(netloc=f"{parts.username}:***@{parts.netloc.rpartition('@')[2]}").geturl()
