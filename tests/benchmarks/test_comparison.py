import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROBLEMS, SAMPLES, CONTENDERS = 5_000, 200, 6
LIMIT_MIB = 4_096


def measured(folder: Path, problems: int, samples: int, contenders: int, *more: str) -> dict[str, Any]:
    sizes = {"--problems": problems, "--samples": samples, "--contenders": contenders, "--folder": folder}
    words = [str(word) for pair in sizes.items() for word in pair]
    done = subprocess.run([sys.executable, "-m", "benchmarks.comparison", *words, *more], stdout=subprocess.PIPE)
    assert done.returncode == 0
    return json.loads(done.stdout)


@pytest.mark.slow
def test_memory_grows_with_problems_and_not_with_samples(tmp_path: Path) -> None:
    tenth = measured(tmp_path / "tenth", PROBLEMS // 10, SAMPLES, CONTENDERS, "--graded")
    fewer = measured(tmp_path / "fewer", PROBLEMS // 10, SAMPLES // 10, CONTENDERS, "--graded")
    assert tenth["peak_mib"] - fewer["peak_mib"] < 20, "for 540,000 samples more"
    least = measured(tmp_path / "least", PROBLEMS // 100, SAMPLES // 10, CONTENDERS, "--graded")
    a_problem = (fewer["peak_mib"] - least["peak_mib"]) / (PROBLEMS // 10 - PROBLEMS // 100)
    assert least["peak_mib"] + PROBLEMS * a_problem < LIMIT_MIB / 4, "what grading holds comes on top"


@pytest.mark.slow
def test_the_whole_command_is_measured(tmp_path: Path) -> None:
    found = measured(tmp_path, problems=200, samples=4, contenders=2)
    assert found["promoted"] is True
    assert found["peak_mib"] < LIMIT_MIB / 8
