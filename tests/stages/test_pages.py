"""The pages of steps, read as Kubeflow's UI reads them: Markdown with tables."""

import html
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from markdown_it import MarkdownIt

from codekiln.evaluation import Interval
from codekiln.stages import pages, step
from codekiln.stages.base import StageManifest, Summary
from tests.stages.judged_runs import judged_run

BENCHMARK = 'evaluation.benchmark=[{name="plus", source="tiny"}]'


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    made = judged_run(folder / "a", f"sqlite:///{folder}/mlflow.db", b"w", benchmark=0.5, settings=(BENCHMARK,))
    made.promote()
    return made.workdir


def page(folder: Path, **changed) -> str:
    manifest = StageManifest.read(folder).model_copy(update=changed)
    return pages.page(folder.name, manifest, folder)


def tables(text: str) -> list[list[list[str]]]:
    """Return the cells of each table of a page, as a browser would show them."""
    shown = MarkdownIt("commonmark").enable("table").render(text)
    found = []
    for table in re.findall("<table>(.*?)</table>", shown, re.DOTALL):
        rows = [
            re.findall("<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
            for row in re.findall("<tr>(.*?)</tr>", table, re.DOTALL)
        ]
        found.append([[html.unescape(cell) for cell in row] for row in rows])
        assert len({len(row) for row in rows}) == 1
    return found


def test_evaluate_shows_contenders_by_measures_with_intervals_and_not_a_column_of_figures(run):
    levels, differences, benchmarks = tables(page(run / "evaluate", settings={}))
    assert levels[0] == ["", "base", "sft"]
    assert levels[1] == ["pass@1", "1.000 (0.907 to 1.000)", "1.000 (0.907 to 1.000)"]
    assert [row[0] for row in levels[1:]] == [row[0] for row in differences[1:]]
    assert differences[0] == ["", "sft"]
    assert differences[1] == ["pass@1", "+0.000 (-0.069 to +0.069)"]
    (gain,) = [row[1] for row in differences if row[0] == "structural_maintainability"]
    assert re.fullmatch(r"<strong>\+3\.\d</strong> \(\+\d\.\d to \+\d\.\d\)", gain)
    assert benchmarks[1:] == [["plus (40 problems)", "1.000 (0.907 to 1.000)", "0.500 (0.346 to 0.654)"]]


def test_evaluate_says_which_way_is_better_where_the_recipe_is_known(run):
    levels, *_ = tables(page(run / "evaluate", settings={"recipe": "maintainability"}))
    heads = [row[0] for row in levels]
    assert {"pass@1 \u2191", "structural_maintainability \u2191", "cognitive_complexity \u2193"} <= set(heads)


def test_promote_shows_the_sentence_and_every_check(run):
    text = page(run / "promote")
    assert "**Not promoted**: sft: against base, pass@1 on plus changes by -0.500" in text
    checks, notes = tables(text)
    assert checks[0] == ["check", "against", "difference", "95.1 % interval", "wanted", "result"]
    results = {row[0]: row[5] for row in checks[1:]}
    assert results["structural_maintainability (target)"] == "holds"
    assert results["pass@1"] == "holds"
    assert results["pass@1 on plus"].startswith("<strong>fails</strong>: pass@1 on plus changes by")
    assert ["model", "models:/codekiln-tiny/1"] in notes


def test_promote_says_that_it_was_decided_before(run):
    from codekiln.stages.runner import run_stage

    folders = {"evaluation": run / "evaluate", "adapter": run / "sft"}
    run_stage("promote", run / "check", folders, run / "promote")
    assert "nothing was judged again" in page(run / "promote")


def test_check_begins_with_what_the_evaluation_can_show(run):
    notes = {"pool": "none", "evaluation": "200 problems: a gain of 0.7", "benchmark plus": "40 problems: 0.1"}
    summary = Summary(figures={"train": 4.0, "evaluation": 200.0, "plus": 40.0}, notes=notes)
    text = page(run / "evaluate", stage="check", step="check", summary=summary)
    assert text.index("**evaluation**: 200 problems") < text.index("**benchmark plus**: 40") < text.index("| figure")
    figures, rest = tables(text)
    assert [row[0] for row in rest] == ["note", "pool"]
    assert ["train", "4"] in figures


def test_what_a_note_says_breaks_no_table(run):
    summary = Summary(notes={"x": "a | b\n<script>c</script>", "y": "d"}, rejected={"too | long": 3})
    shown = tables(page(run / "evaluate", stage="filter", summary=summary))
    assert shown == [
        [["rejected because", ""], ["too | long", "3"]],
        [["note", ""], ["x", "a | b <script>c</script>"], ["y", "d"]],
    ]
    assert "<script>" not in page(run / "evaluate", stage="filter", summary=summary)


@pytest.mark.parametrize(
    ("interval", "signed", "text"),
    [
        (None, False, "-"),
        (Interval(mean=None, low=None, high=None), True, "-"),
        (Interval(mean=0.5, low=None, high=None), True, "+0.500"),
        (Interval(mean=-0.5, low=-0.6, high=-0.4), True, "**-0.500** (-0.600 to -0.400)"),
        (Interval(mean=-0.5, low=-0.6, high=0.0), True, "-0.500 (-0.600 to +0.000)"),
        (Interval(mean=0.5, low=0.4, high=0.6), False, "0.500 (0.400 to 0.600)"),
    ],
)
def test_an_unknown_interval_is_none_and_bold_is_what_excludes_zero(interval, signed, text):
    assert pages._cell(interval, 3, signed) == text


def test_a_step_writes_its_page(run, tmp_path, monkeypatch):
    monkeypatch.delenv("CODEKILN_WORKDIR", raising=False)
    logged = {}
    artifacts = {name: SimpleNamespace(path=str(run / name)) for name in ("evaluate", "sft")}
    step.stage_step(
        "promote", "promote",
        SimpleNamespace(path=str(tmp_path / "out")), SimpleNamespace(log_metric=logged.__setitem__),
        SimpleNamespace(path=str(tmp_path / "page.md")),
        run=SimpleNamespace(path=str(run / "check")), evaluation=artifacts["evaluate"], adapter=artifacts["sft"],
    )  # fmt: skip
    assert "**Not promoted**" in (tmp_path / "page.md").read_text()
    assert logged["promoted"] == 0
