import sys
from pathlib import Path

# The scripts of images/ are run from their folder, not installed, and import one another by their plain names.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "images"))
