"""The connection to an MLflow tracking server, and errors that explain its failures."""

import fcntl
import functools
import logging
import os
import pwd
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, TypeVar
from urllib.parse import urlsplit

from codekiln.data.system_errors import explained
from codekiln.errors import InputError, RegistryError
from codekiln.registry.moved_store import ARTIFACTS, follow
from codekiln.registry.sqlite_uri import DEFAULT_EXPERIMENT, check_sqlite_uri, own_folders, sqlite_path, sqlite_uri

if TYPE_CHECKING:
    from mlflow import MlflowClient

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
LOCK_SECONDS = 60
_DENIED = ("PERMISSION_DENIED", "UNAUTHENTICATED", "answered 401", "answered 403", "readonly", "Permission denied")
_UNREACHABLE = ("Max retries exceeded", "Connection", "NewConnectionError", "unable to open database", "timed out")


_HOST_AND_PORT = re.compile(r"[\w.-]+:\d+(?:/|$)")
_TWO_SLASHES = re.compile(r"sqlite://(?P<path>[^/].*)")
# What SQLite, MySQL and PostgreSQL say of a row that is there already.
_TAKEN = ("UNIQUE constraint", "Duplicate entry", "duplicate key")
_PASSWORD = re.compile(r"(://[^/\s:@]*):[^/\s]+@")


class _Connected(Protocol):
    uri: str


Owner = TypeVar("Owner", bound=_Connected)


def explain_errors(
    method: Callable[Concatenate[Owner, Arguments], Result],
) -> Callable[Concatenate[Owner, Arguments], Result]:
    """Let a method of a class with a ``uri`` raise RegistryError, with the fix, where MLflow raises its own errors."""

    @functools.wraps(method)
    def call(self: Owner, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            return method(self, *args, **kwargs)
        except (MlflowException, SQLAlchemyError, OSError) as error:
            raise registry_error(f"cannot {method.__name__.strip('_').replace('_', ' ')}", self.uri, error) from error

    return call


def upsert(call: Callable[Arguments, object], /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
    """Call a method of MLflow that adds or replaces a row.

    Of two processes that add the same row at once MLflow refuses one. Its second call replaces the row.
    """
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        call(*args, **kwargs)
    except (MlflowException, SQLAlchemyError) as error:
        if not any(text in str(error) for text in _TAKEN):
            raise
        call(*args, **kwargs)


def registry_error(what: str, uri: str, error: Exception) -> RegistryError:
    """Return the RegistryError for an error of MLflow: what failed, where, why, and the fix.

    MLflow has few error codes, so that texts have to tell the causes apart.
    """
    reason, shown = without_password(str(error).strip().split("\n")[0])[:300], without_password(uri)
    seen = f"{type(error).__name__} {getattr(error, 'error_code', '')} {error}"
    if any(text in seen for text in _DENIED):
        fix = "give this user write access, or set MLFLOW_TRACKING_TOKEN / MLFLOW_TRACKING_USERNAME and _PASSWORD"
    elif "out-of-date database schema" in seen:
        fix = f"another MLflow version made this database: back it up, then run `mlflow db upgrade {shown}`"
    elif "_alembic_tmp_" in seen:
        fix = "MLflow was killed while it set this database up: delete the file if no run is in it yet, and repeat"
    elif any(text in seen for text in _UNREACHABLE):
        fix = "check the tracking URI and that the server answers from here"
    elif found := explained(error):
        reason, _, fix = without_password(str(found)).partition("\n  fix: ")
    else:
        fix = "look at the run or model in MLflow, then repeat this step"
    return RegistryError(f"{what}: {reason}", where=f"MLflow at {shown}", fix=fix)


def find_server(given: str = "", where: str = "--tracking-uri") -> str:
    """Return the tracking URI to use: the given one, else MLFLOW_TRACKING_URI, else a database here.

    A database here is ``mlflow.db``, or that of the demo in ``runs/demo``.

    Raises:
        InputError: None is known, or its database is not there; ``where`` names what needs one.
    """
    here = (Path(name).absolute() for name in ("mlflow.db", "runs/demo/mlflow.db"))
    local = next((sqlite_uri(path) for path in here if path.is_file()), "")
    found = given or os.environ.get("MLFLOW_TRACKING_URI") or local
    fix = "give --tracking-uri, for example sqlite:///runs/demo/mlflow.db, or set MLFLOW_TRACKING_URI"
    if not found:
        raise InputError("no MLflow server is known", where=where, fix=fix)
    check_sqlite_uri(found, where)
    if (path := sqlite_path(found)) and not path.is_file():
        # MLflow would make an empty one.
        raise InputError("there is no such database", where=str(path), fix=fix)
    return found


def connect(uri: str, experiment: str | None) -> tuple["MlflowClient", str]:
    """Return a client for ``uri`` and the id of ``experiment``, created when it is new; empty for None.

    No global state of MLflow is changed, so that one process can have several connections. Artifacts of a SQLite store
    are in ``mlartifacts`` beside its file; any other store has a location of its own.

    Raises:
        InputError: The path in a SQLite URI is not encoded as it has to be.
        RegistryError: The URI is a file store or cannot be reached, the user may not write, or the experiment
            was deleted.
    """
    _check_scheme(uri)
    check_sqlite_uri(uri)
    _import_quietly()
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        _check_reachable(uri)
        with _setup_lock(uri), own_folders(uri):
            client = MlflowClient(tracking_uri=_with_lock_timeout(uri), registry_uri=_with_lock_timeout(uri))
            client.search_registered_models(max_results=1)
            if path := sqlite_path(uri):
                client.get_experiment(DEFAULT_EXPERIMENT)  # opens the tracking store, too, within `own_folders`
                follow(path, LOCK_SECONDS)
            return client, _experiment_id(client, uri, experiment) if experiment is not None else ""
    except ImportError as error:  # SQLAlchemy's, of the package that talks to a database
        what = f"needs the package {error.name}, which is not installed"
        fix = "install it beside codekiln, or give the http(s) address of an MLflow server in front of the database"
        raise RegistryError(what, where=f"MLflow at {without_password(uri)}", fix=fix) from None
    except (MlflowException, SQLAlchemyError, OSError) as error:
        what = f"cannot open experiment '{experiment}'" if experiment else "cannot read"
        raise registry_error(what, uri, error) from error


def _check_scheme(uri: str) -> None:
    if _HOST_AND_PORT.match(uri):
        shown = without_password(uri)
        raise RegistryError(f"MLflow at '{shown}': the address has no scheme\n  fix: give http://{shown}, or https://")
    if not urlsplit(uri).scheme and uri.endswith((".db", ".sqlite")):
        raise RegistryError(f"MLflow at '{uri}': a database needs its kind before it\n  fix: give sqlite:///{uri}")
    if found := _TWO_SLASHES.fullmatch(uri):
        fix = f"give sqlite:///{found['path']}, with three slashes; a fourth begins a path from the root"
        raise RegistryError(f"MLflow at '{uri}': two slashes before a file name a server\n  fix: {fix}")
    if uri == "databricks" or urlsplit(uri).scheme in ("databricks", "databricks-uc"):
        raise RegistryError(
            f"MLflow at '{uri}': Databricks' own registry is not used\n  fix: use sqlite:///mlflow.db, or the http(s) "
            "address of an MLflow server"
        )
    if urlsplit(uri).scheme in ("", "file"):
        raise RegistryError(
            f"MLflow at '{uri}': a folder cannot be the tracking store: MLflow has deprecated it, and two runs at once "
            "corrupt it\n  fix: use sqlite:///mlflow.db, or the http(s) address of an MLflow server"
        )


def _check_reachable(uri: str) -> None:
    # MLflow's own retries of the first call would take minutes to fail.
    if urlsplit(uri).scheme not in ("http", "https"):
        return
    from mlflow.utils.credentials import get_default_host_creds
    from mlflow.utils.rest_utils import http_request

    response = http_request(  # type: ignore[no-untyped-call]  # MLflow has no types here
        get_default_host_creds(uri),  # type: ignore[no-untyped-call]
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
def _setup_lock(uri: str) -> Iterator[None]:
    # MLflow creates its tables without a lock: two processes that find an empty database would break each other.
    path = sqlite_path(uri)
    if path is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # MLflow would try for two minutes to open what cannot be opened.
    os.close(os.open(path, os.O_CREAT | os.O_RDONLY, 0o644))
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _import_quietly() -> None:
    # Set before the import, at which MLflow begins to send usage data and to print migrations and progress bars.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow  # noqa: F401

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _with_lock_timeout(uri: str) -> str:
    # SQLite's default is to fail after five seconds while another process writes.
    return uri if sqlite_path(uri) is None or "?" in uri else f"{uri}?timeout={LOCK_SECONDS}"


def _experiment_id(client: "MlflowClient", uri: str, name: str) -> str:
    from mlflow.exceptions import MlflowException

    if found := client.get_experiment_by_name(name):
        if found.lifecycle_stage == "deleted":
            raise MlflowException(f"experiment '{name}' was deleted; restore it or choose another name")
        return found.experiment_id
    path = sqlite_path(uri)
    try:
        return client.create_experiment(name, (path.parent / ARTIFACTS).as_uri() if path else None)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        # Another process created it between the two calls.
        created = client.get_experiment_by_name(name)
        if created is None:
            raise
        return created.experiment_id


def without_password(text: str) -> str:
    """Return a URI, or a text with some, where each password is ``***``."""
    return _PASSWORD.sub(r"\1:***@", text)


def current_user() -> str:
    """Return the name of the user of this process, or the number where it has no name."""
    # A container may run under a user id without a name.
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
