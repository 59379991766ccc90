"""What the report says about a decision, in words and numbers."""

import re
from collections.abc import Callable, Iterator

import pytest

from codekiln.evaluation import Comparison, Decomposition
from codekiln.evaluation.report import ReportData, render
from codekiln.evaluation.report.data import Command
from codekiln.evaluation.report.verdict import verdict
from tests.evaluation.report.conftest import LABELS, MODELS


@pytest.fixture(scope="module")
def data(make_report: Callable) -> ReportData:
    return make_report(labels=LABELS)


def test_the_decision_is_said_in_plain_words(data: ReportData) -> None:
    (sentence,) = verdict(data)["plain"]
    gain = data.evaluation.compare("dpo_further", "base", "structural_maintainability").at(data.gate.level)
    assert sentence.startswith(
        "After DPO further is better than tiny, unchanged: structural_maintainability rises by "
        f"{gain.difference:+.2f} ({gain.low:+.2f} to {gain.high:+.2f}) over {gain.n} problems, and by "
    )
    assert sentence.endswith("so a fall of more than 0.02 is ruled out.")


def test_a_refusal_names_what_falls_short(make_report: Callable) -> None:
    data = make_report({"base": (0.9, 70.0), "sft": (0.6, 75.0)}, labels=LABELS)
    (sentence,) = verdict(data)["plain"]
    assert sentence.startswith("After SFT falls short of what is asked against tiny, unchanged: pass@1 changes by -0.")
    assert "which does not rule out a fall beyond -0.02" in sentence


def test_side_effects_are_shown_with_intervals_and_those_beyond_noise_come_first(data: ReportData) -> None:
    effects = verdict(data)["effects"]
    beyond = [item["beyond"] for item in effects]
    assert beyond == sorted(beyond, reverse=True)
    lines = next(item for item in effects if item["name"] == "lines")
    found = data.evaluation.compare("dpo_further", "base", "lines")
    assert (lines["words"], lines["effect"]) == ("beyond noise: better", "better")
    assert lines["span"] == f"{found.low:+.2f} to {found.high:+.2f}"
    assert next(item for item in effects if item["name"] == "lint_count")["words"] == "within noise"
    assert not {"structural_maintainability", "structural_maintainability, all samples"} & {
        item["name"] for item in effects if not item["is_step"]
    }


def test_a_measure_without_a_better_way_is_beyond_noise_and_neither_better_nor_worse(data: ReportData) -> None:
    item = data.evaluation.compare("dpo_further", "base", "comment_ratio")
    moved = item.model_copy(update={"difference": 54.0, "low": 49.0, "high": 59.0})
    (effect,) = [found for found in verdict(_with(data, item, moved))["effects"] if found["name"] == "comment_ratio"]
    assert effect["words"] == "beyond noise: neither way is better by itself"
    assert effect["effect"] == "same"


def test_a_step_that_loses_correctness_is_a_side_effect(data: ReportData) -> None:
    item = data.evaluation.compare("dpo", "sft", "pass@1")
    lost = item.model_copy(update={"difference": -0.05, "low": -0.08, "high": -0.02})
    steps = [found for found in verdict(_with(data, item, lost))["effects"] if found["is_step"]]
    assert [(found["name"], found["from"], found["to"], found["words"]) for found in steps if found["beyond"]] == [
        ("pass@1", "after SFT", "after DPO", "beyond noise: worse")
    ]


def _with(data: ReportData, old: Comparison, new: Comparison) -> ReportData:
    comparisons = tuple(new if item == old else item for item in data.evaluation.comparisons)
    return data.model_copy(update={"evaluation": data.evaluation.model_copy(update={"comparisons": comparisons})})


def test_the_gain_is_decomposed(data: ReportData) -> None:
    parts = Decomposition(
        contender="dpo_further", against="base", measure="structural_maintainability", difference=5.0, code=4.0,
        samples=0.75, problems=0.25, n=50,
    )  # fmt: skip
    evaluation = data.evaluation.model_copy(update={"decompositions": (parts,)})
    found = verdict(data.model_copy(update={"evaluation": evaluation}))["made_of"]
    assert [part["value"] for part in found] == ["+5.00", "+4.00", "+0.75", "+0.25"]
    assert "all samples of the 50 problems" in found[1]["how"]


def test_missing_problems_are_accounted_for(make_report: Callable) -> None:
    data = make_report({"base": (0.2, 60.0), "sft": (0.9, 70.0)}, labels=LABELS)
    item = data.evaluation.compare("sft", "base", "structural_maintainability")
    unsolved = sum(row["structural_maintainability"] is None for row in data.evaluation.per_problem["base"].values())
    assert item.n < data.evaluation.problems
    coverage = verdict(data)["coverage"]
    assert f"compared on {item.n} of 60 problems" in coverage
    assert f"{unsolved} of tiny, unchanged" in coverage
    assert verdict(make_report({"base": (1.0, 60.0), "sft": (1.0, 70.0)}))["coverage"] == ""


def test_comparisons_are_counted_and_only_the_gates_decide(data: ReportData) -> None:
    count = len([item for item in data.evaluation.comparisons if item.low is not None])
    text = verdict(data)["multiplicity"]
    assert f"There are {count} paired comparisons" in text
    assert f"about {round(0.05 * count)} of these" in text
    assert f"Only the {len(data.gate.reasons)} checks of the gate decide" in text


class Outline:
    """Headings, landmarks and tables of a page, as assistive technology meets them."""

    def __init__(self, page: str) -> None:
        self.page = page
        self.levels = [int(level) for level in re.findall(r"<h([1-6])", page)]

    def tables(self) -> Iterator[str]:
        yield from re.findall(r"<table.*?</table>", self.page, re.DOTALL)


def test_the_page_has_landmarks_headings_in_order_and_scoped_table_headers(data: ReportData) -> None:
    outline = Outline(render(data))
    assert [outline.page.count(f"<{tag}>") for tag in ("header", "main", "footer")] == [1, 1, 1]
    assert outline.levels[0] == 1
    assert outline.levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in zip(outline.levels, outline.levels[1:], strict=False))
    tables = list(outline.tables())
    assert len(tables) >= 4
    assert all("scope=" in head for table in tables for head in re.findall(r"<th\b[^>]*>", table))
    assert all('role="img" aria-label="' in drawing for drawing in re.findall(r"<svg[^>]*>", outline.page))
    ids = re.findall(r' id="([^"]*)"', outline.page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'aria-labelledby="([^"]*)"', outline.page)) <= set(ids)


def test_nothing_wider_than_a_phone_stands_outside_a_scrolling_region(data: ReportData) -> None:
    undo = Command(title="Roll back", text="codekiln promote m --undo")
    page = render(data.model_copy(update={"commands": (undo,)}))
    for table in re.finditer(r"<table", page):
        assert re.search(r'<div class="scroll"[^>]*>\s*$', page[: table.start()])
    style = page[page.index("<style>") : page.index("</style>")]
    assert all(int(width) <= 390 for width in re.findall(r"[^-]width: (\d+)px", style))
    for scrolled in re.findall(r'<(?:div class="scroll"|pre class="(?:program|command)")[^>]*>', page):
        assert all(needed in scrolled for needed in ('tabindex="0"', "aria-label=", "role="))
    assert all('tabindex="0"' in block for block in re.findall(r"<pre[^>]*>", page))


def test_people_read_names_not_keys(data: ReportData) -> None:
    page = render(data)
    assert "after DPO further</th>" in re.sub(r"<small>.*?</small>", "", page)
    assert ">after DPO further</text>" in page
    assert "tiny, unchanged &rarr; after DPO further" in page
    assert not re.search(r">dpo_further</text>", page)
    assert set(MODELS) <= set(LABELS)


def test_what_to_do_next_can_be_copied(make_report: Callable) -> None:
    undo = Command(title="Roll back", text="codekiln promote m --undo --tracking-uri 'sqlite:///a b.db'")
    page = render(make_report(labels=LABELS, commands=(undo,), champion_before="models:/m/3"))
    assert "codekiln promote m --undo --tracking-uri &#39;sqlite:///a b.db&#39;</pre>" in page
    assert "Champion before: models:/m/3." in page
    refused = render(make_report({"base": (0.9, 70.0), "sft": (0.6, 70.0)}, commands=(undo,)))
    assert "nothing to roll back" in refused


def test_the_data_is_accounted_for(make_report: Callable) -> None:
    page = render(make_report(source="Problems: tiny.", rows={"filter": {"samples": 3144, "pairs for DPO": 642}}))
    assert "Problems: tiny." in page
    assert 'rowspan="2">filter</th><td>samples</td><td class="number">3144</td>' in page
    assert "<td>pairs for DPO</td>" in page
