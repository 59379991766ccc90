"""A compiled YAML run here gives what the Python pipeline gives."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from codekiln.settings.overrides import parse_overrides
from codekiln.stages.base import StageManifest
from tests.running import SMALL, codekiln

ROOT = Path(__file__).parents[1]
AS_PYTHON = """
import json
import sys
from kfp import local
from pipelines.data import data
local.init(local.SubprocessRunner(use_venv=False), pipeline_root=sys.argv[1])
data(overrides=json.loads(sys.argv[2]))
"""


@pytest.mark.slow
def test_the_compiled_pipeline_gives_what_the_python_pipeline_gives(tmp_path):
    assert codekiln("run", "data", "--workdir", str(tmp_path / "yaml")).returncode == 0
    environment = {
        **os.environ, "CODEKILN_WORKDIR": str(tmp_path / "python"),
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
    }  # fmt: skip
    words = [sys.executable, "-W", "ignore", "-c", AS_PYTHON, str(tmp_path / "kfp"), json.dumps(parse_overrides(SMALL))]
    subprocess.run(words, cwd=ROOT, env=environment, check=True, capture_output=True)
    for part in ("generate/samples", "filter/examples", "filter/pairs"):
        found = {kind: (tmp_path / kind / part / "data.jsonl").read_bytes() for kind in ("yaml", "python")}
        assert found["yaml"] == found["python"]
        assert found["yaml"]
    yaml, python = (StageManifest.read(tmp_path / kind / "filter") for kind in ("yaml", "python"))
    assert yaml.identity == python.identity
