import subprocess
import sys

import pytest


@pytest.mark.slow
def test_the_command_trains_a_model_and_is_seeded(tmp_path) -> None:
    weights = []
    for name in ("a", "b"):
        command = [
            sys.executable,
            "-m",
            "codekiln.demo.train_base",
            "--out",
            tmp_path / name,
            "--problems",
            "60",
            "--copies",
            "2",
        ]
        subprocess.run(command, check=True)
        weights.append((tmp_path / name / "model.safetensors").read_bytes())
    assert weights[0] == weights[1]
