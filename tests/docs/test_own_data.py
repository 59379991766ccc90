"""The program that docs/own-data.md shows makes a data folder that training takes."""

import subprocess
import sys

from codekiln.data.folders import Dataset
from codekiln.data.records import Pair
from tests.docs import markdown
from tests.docs.markdown import ROOT


def test_the_pages_program_makes_pairs_of_the_pages_file(tmp_path):
    files = markdown.files((ROOT / "docs" / "own-data.md").read_text(encoding="utf-8"))
    (tmp_path / "pairs.jsonl").write_text(files["pairs.jsonl"])
    subprocess.run([sys.executable, "-c", files["rows.py"]], cwd=tmp_path, check=True, timeout=120)
    rows = Dataset(tmp_path / "mine" / "pairs", Pair).rows()
    assert [row.group for row in rows] == ["Write total(x) that adds up a list of numbers.", "Write half(x)."]
