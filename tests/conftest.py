import itertools
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

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


@pytest.fixture(autouse=True)
def verdict_cache_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the verdict cache that no other test uses; it is made when something is kept."""
    folder = tmp_path_factory.getbasetemp() / "verdicts" / str(next(_NUMBERS))
    monkeypatch.setenv("CODEKILN_VERDICT_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session", params=[OWN, *_public()], ids=["own", "public"][: 1 + len(_public())])
def data_dir(request: pytest.FixtureRequest) -> Path:
    """A folder with mbpp.jsonl, sanitized-mbpp.json and HumanEval.jsonl.gz: our own problems, then the real ones."""
    return request.param


@pytest.fixture(scope="session")
def is_public(data_dir: Path) -> bool:
    """Whether ``data_dir`` has the real files, about which figures are known."""
    return data_dir != OWN
