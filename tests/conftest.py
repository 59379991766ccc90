import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder with mbpp.jsonl, sanitized-mbpp.json and HumanEval.jsonl.gz, which the project does not ship."""
    for folder in (os.environ.get("CODEKILN_DATA"), ROOT.parent / "shared" / "data"):
        if folder and (Path(folder) / "mbpp.jsonl").exists():
            return Path(folder)
    pytest.skip("MBPP and HumanEval are not here: set CODEKILN_DATA to the folder that has mbpp.jsonl")
