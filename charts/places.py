"""Where things are in the repository."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
CHART = ROOT / "charts" / "codekiln"
COMPILED = ROOT / "pipelines" / "compiled"
MANIFESTS = ROOT / "manifests"
