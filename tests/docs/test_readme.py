"""The README is short, and its table is what the demo prints."""

import re

import pytest

from codekiln.code import metrics
from codekiln.evaluation.measures import over_all_samples
from tests.docs.markdown import ROOT
from tests.running import codekiln

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.search(r"^```console\n\$ make demo\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)[1]
LONGEST = 100


def test_the_readme_is_short():
    assert len(TEXT.splitlines()) <= LONGEST


def test_the_table_has_every_metric():
    heads = [re.split(r" {2,}", line.strip()) for line in BLOCK.splitlines() if line.startswith("   ")]
    shown = [name for head in heads for name in head]
    measured = ["pass@1", "pass@10", over_all_samples(metrics.DEFAULT), *metrics.names()]
    assert sorted(shown) == sorted(measured), "put in what `make demo` prints"


def results(printed: str) -> list[str]:
    """Return what the demo prints that is the same each time: figures of the stages without times, and the end."""
    lines = [re.sub(r"done in \d+ s", "done", line).rstrip() for line in printed.splitlines()]
    stages = [line for line in lines if re.match(r"\w+: done: ", line) and "promoted" not in line]
    return [line.partition(", ...")[0] for line in stages] + lines[lines.index("") :]


def test_the_comparison_notices_a_changed_figure():
    printed = "sft: done in 3 s: steps 1\n\n     pass@1\nbase 0.5\n"
    assert results(printed) == results(printed.replace("3 s", "9 s"))
    assert results(printed) != results(printed.replace("0.5", "0.6"))
    assert results(printed) != results(printed.replace("steps 1", "steps 2"))


@pytest.mark.slow
def test_the_demo_prints_what_the_readme_shows(tmp_path):
    done = codekiln("run", "align", "--workdir", "runs/demo", settings=[], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    shown, printed = results(BLOCK), results(done.stdout)
    assert len(shown) > 20
    assert len(shown) == len(printed)
    assert not [(ours, theirs) for ours, theirs in zip(shown, printed, strict=True) if not theirs.startswith(ours)]
