import itertools
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.message_recorder import MessageRecorder

# A loaded machine makes any example slow; no property here is about time.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")

# Tests find no verdicts of the user's own runs, and leave none there; fixtures that live longer than a test keep none.
os.environ["CODEKILN_VERDICT_CACHE"] = "off"
_NUMBERS = itertools.count()

ROOT = Path(__file__).parents[1]
OWN = ROOT / "tests" / "data" / "problems"


def _public() -> list[Path]:
    """Return the folder of the real MBPP and HumanEval, which the project does not ship, where it is at hand."""
    folders = (os.environ.get("CODEKILN_DATA"), ROOT.parent / "shared" / "data")
    return [Path(folder) for folder in folders if folder and (Path(folder) / "mbpp.jsonl").exists()][:1]


def pytest_configure(config: pytest.Config) -> None:
    recorder = MessageRecorder()
    recorder.start()
    config.pluginmanager.register(recorder, "codekiln-messages")


@pytest.fixture(scope="session", autouse=True)
def _caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what codekiln caches, such as results of references, out of the user's folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CODEKILN_CACHE", str(tmp_path_factory.getbasetemp() / "caches"))
        yield


@pytest.fixture(autouse=True)
def verdict_cache_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the verdict cache that no other test uses; it is made when something is kept."""
    folder = tmp_path_factory.getbasetemp() / "verdicts" / str(next(_NUMBERS))
    monkeypatch.setenv("CODEKILN_VERDICT_CACHE", str(folder))
    return folder


@pytest.fixture
def heeded_signals() -> Iterator[None]:
    """Let SIGHUP and SIGINT end processes: nohup, and a shell's ``&``, make all that they start ignore them."""
    heeded = {signal.SIGHUP: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
    before = {number: signal.signal(number, handler) for number, handler in heeded.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of MLflow without runs, to copy: MLflow makes the tables of a new one in all their former versions."""
    from codekiln.registry import Registry

    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    Registry(f"sqlite:///{path}", "template")
    return path


@pytest.fixture
def uri(empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new tracking database of this test alone."""
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


@pytest.fixture(scope="session", params=[OWN, *_public()], ids=["own", "public"][: 1 + len(_public())])
def data_dir(request: pytest.FixtureRequest) -> Path:
    """A folder with mbpp.jsonl, sanitized-mbpp.json and HumanEval.jsonl.gz: our own problems, then the real ones."""
    return request.param


@pytest.fixture(scope="session")
def is_public(data_dir: Path) -> bool:
    """Whether ``data_dir`` has the real files, about which figures are known."""
    return data_dir != OWN
