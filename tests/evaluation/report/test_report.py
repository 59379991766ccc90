"""The report as a browser and a reader meet it."""

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
import yaml

from codekiln.code import metrics
from codekiln.evaluation import Evaluation, Gate, decide, evaluate
from codekiln.evaluation.criteria import Criterion
from codekiln.evaluation.report import ReportData, model_card, render
from codekiln.evaluation.report.data import BaseModelInfo, BeforeAfter, Command
from tests.evaluation.report.conftest import MODELS, graded, report

VOID = {"meta", "br", "wbr", "link", "img", "input", "hr"}
ATTACK = "</script></style><script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg onload=alert(3)>"


class Page(HTMLParser):
    """Elements, attributes and text of a page; an end tag that closes nothing open is an error."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.attributes, self.parts = [], [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.parts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.parts))


def empty(gate_sentence: str = "not promoted: nothing was evaluated") -> dict:
    return {
        "evaluation": Evaluation(
            measures=(), problems=0, samples=0, resamples=0, seed=0, per_problem={}, contenders={}, comparisons=()
        ),
        "gate": Gate(
            promoted=False,
            sentence=gate_sentence,
            candidate="",
            metric="structural_maintainability",
            tolerance=0.02,
            reasons=(),
        ),
    }


def test_the_page_is_balanced_and_small(rendered: str) -> None:
    assert rendered.startswith("<!DOCTYPE html>")
    assert Page(rendered).tags.count("figure") == 7
    assert len(rendered) < 200_000


def test_the_page_asks_for_nothing_and_runs_nothing(rendered: str) -> None:
    parsed = Page(rendered)
    assert not {"script", "link", "iframe", "img", "object", "base", "form"} & set(parsed.tags)
    assert not [name for _, name, _ in parsed.attributes if name in ("src", "href") or name.startswith("on")]
    assert not re.findall(r"@import|url\(|https?://|//\w+\.\w+", rendered)
    assert "default-src 'none'" in rendered


def test_the_answer_comes_first(report_data: ReportData, rendered: str, make_report: Callable) -> None:
    page = Page(rendered)
    question, answer = page.text.index(report_data.question), page.text.index("dpo_further beats base")
    assert page.text.index("Promoted") < answer < page.text.index("Results")
    assert question < answer
    refused = Page(render(make_report({"base": (0.9, 70.0), "sft": (0.8, 70.2)})))
    assert "Not promoted" in refused.text
    assert ("details", "open", None) in refused.attributes
    assert "does not hold" in refused.text


def test_the_table_shows_every_mean_and_interval(report_data: ReportData, rendered: str) -> None:
    text = Page(rendered).text
    for name, measures in report_data.evaluation.contenders.items():
        for measure, found in measures.items():
            digits = 1 if max(data[measure].mean for data in report_data.evaluation.contenders.values()) > 2 else 3
            assert f"{found.mean:.{digits}f}" in text, (name, measure)
            assert f"{found.low:.{digits}f} to {found.high:.{digits}f}" in text, (name, measure)
    item = report_data.evaluation.compare("dpo_further", "base", "structural_maintainability")
    assert f"{item.difference:+.2f}" in text
    assert f"{item.low:+.2f} to {item.high:+.2f}" in text


def test_drawings_are_described(report_data: ReportData, rendered: str) -> None:
    labels = [value for tag, name, value in Page(rendered).attributes if (tag, name) == ("svg", "aria-label")]
    mean = report_data.evaluation.contenders["sft"]["pass@1"].mean
    assert len(labels) == 7
    assert f"sft: pass@1 {mean:.3f}" in labels[0]
    assert not [label for label in labels if "nan" in label]


def test_untrusted_text_stays_text(make_report: Callable) -> None:
    example = BeforeAfter(
        task_id=ATTACK,
        prompt=ATTACK,
        before_name=ATTACK,
        after_name=ATTACK,
        before_code=ATTACK,
        after_code=f"{ATTACK} x",
        before_scores={ATTACK: 1.0},
        after_scores={ATTACK: 2.0},
    )
    data = make_report(
        title=ATTACK,
        question=ATTACK,
        created=ATTACK,
        base=BaseModelInfo(id=ATTACK, revision=ATTACK, licence=ATTACK),
        examples=(example,),
        rejected={ATTACK: {ATTACK: 1}},
        curves={ATTACK: curve()},
        settings={ATTACK: ATTACK},
        environment={ATTACK: ATTACK},
    )
    page = Page(render(data))
    assert not {"script", "img"} & set(page.tags)
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert page.text.count("<script>alert(1)</script>") > 10


def test_a_contender_with_a_hostile_name_stays_text(make_report: Callable) -> None:
    page = Page(render(make_report({"base": (0.6, 60.0), ATTACK: (0.9, 80.0)})))
    assert not {"script", "img"} & set(page.tags)


def curve() -> list[dict[str, float]]:
    return [{"step": 1, "loss": 1.0}, {"step": 2, "loss": 0.5}]


def test_characters_that_hide_code_are_shown(make_report: Callable) -> None:
    hidden = "if admin:\u202e # \u2066 check\x00 \ud800"
    example = BeforeAfter(task_id="t", prompt="p", after_name="sft", before_code="pass", after_code=hidden)
    page = render(make_report(examples=(example,)))
    page.encode("utf-8")
    assert not re.search("[\x00\u202e\u2066\ud800]", page)
    assert r"admin:\u202e # \u2066 check\x00 \ud800" in Page(page).text


@pytest.mark.parametrize(
    "missing",
    [
        {"curves": {}}, {"examples": ()}, {"rejected": {}}, {"steps": ()}, {"adapters": ()}, {"measures": ()},
        {"curves": {"sft": [{"step": 1, "learning_rate": 0.1}], "dpo": [{"step": 5, "loss": 0.3}]}},
        {"settings": {}, "environment": {}},
    ],
)  # fmt: skip
def test_parts_may_be_missing(make_report: Callable, missing: dict) -> None:
    data = make_report({name: MODEL[name] for name in ("base", "sft")}, **missing)
    assert "Results" in Page(render(data)).text
    assert model_card(data)


MODEL = {"base": (0.6, 66.0), "sft": (0.9, 70.0), "champion": (0.9, 71.0)}


def test_nothing_was_evaluated(make_report: Callable) -> None:
    data = make_report(**empty())
    assert "Nothing was evaluated" in Page(render(data)).text
    assert "nothing was evaluated" in model_card(data)


def test_a_model_that_solves_nothing(make_report: Callable) -> None:
    data = make_report({"base": (0.0, 60.0), "sft": (0.0, 60.0)})
    text = Page(render(data)).text
    assert "Not promoted" in text
    assert "no value" in text


def test_no_arrow_leads_to_the_champion(make_report: Callable) -> None:
    with_champion, without = (
        render(make_report({name: MODEL[name] for name in names}))
        for names in (("base", "sft", "champion"), ("base", "sft"))
    )
    assert with_champion.count('class="arrow"') == without.count('class="arrow"') > 0


def test_a_difference_that_is_rounding_is_none(rendered: str) -> None:
    row = re.search(r"swatch s3.*?</tr>", rendered, re.DOTALL)[0]
    cells = re.findall(r'<b class="(\w+)">(.*?)</b>', row)
    assert ("same", "0.400") in cells
    assert ("better", "\u25b2 0.977") in cells


def test_the_same_data_give_the_same_page(report_data: ReportData, rendered: str) -> None:
    assert render(ReportData.model_validate_json(report_data.model_dump_json())) == rendered


def test_the_card_has_front_matter_and_results(report_data: ReportData) -> None:
    _, front, body = model_card(report_data).split("---\n", 2)
    assert yaml.safe_load(front) == {
        "base_model": "codekiln/tiny", "library_name": "peft", "pipeline_tag": "text-generation",
        "license": "apache-2.0",
        "tags": ["codekiln", "code", "lora", "sft", "dpo", "dpo-further"],
    }  # fmt: skip
    mean = report_data.evaluation.contenders["dpo_further"]["pass@1"]
    assert f"| dpo_further | {mean.mean:.3f} ({mean.low:.3f} to {mean.high:.3f}) |" in body
    assert "**Promoted.** dpo_further beats base" in body


def test_the_card_says_how_the_adapter_is_used(make_report: Callable) -> None:
    code = "folder = mlflow.artifacts.download_artifacts('models:/m/1')"
    card = model_card(make_report(commands=(Command(title="Use it", text=code, language="python"),)))
    assert f"Use it:\n\n```python\n{code}\n```\n" in card
    assert "## Use" not in model_card(make_report(commands=()))


def test_an_unknown_licence_is_named(make_report: Callable) -> None:
    front = model_card(make_report(base=BaseModelInfo(id="a: b\nc", licence="Own: terms"))).split("---\n", 2)[1]
    assert yaml.safe_load(front)["license_name"] == "Own: terms"
    assert "base_model" not in yaml.safe_load(front), "it is none of the Hub"


def test_a_metric_that_should_fall_is_better_when_it_falls(make_report: Callable) -> None:
    data = make_report()
    page = Page(render(data.model_copy(update={"gate": data.gate.model_copy(update={"metric": "lines"})})))
    assert "Down and to the right is better" in page.text
    assert ("g", "class", "better") in page.attributes
    item = data.evaluation.compare("dpo_further", "base", "lines")
    assert item.high < 0
    assert f"{item.difference:+.2f}" in page.text


def with_benchmark(role: str, passes: dict[str, float]) -> ReportData:
    """The usual report, with a further benchmark that the models pass so often."""
    models = {name: (passes.get(name, rate), quality) for name, (rate, quality) in MODELS.items()}
    names = metrics.names()
    plus = evaluate(graded(1, models, problems=80), names, (1, 5), of_passing=names, resamples=200)
    data = report()
    further = data.evaluation.model_copy(update={"benchmarks": {"humaneval-plus": plus}})
    gate = decide(
        further, data.gate.candidate, metric=data.gate.metric,
        criteria=[Criterion(measure="pass@1", benchmark="humaneval-plus", role=role, tolerance=0.1)],
    )  # fmt: skip
    return data.model_copy(update={"evaluation": further, "gate": gate})


def test_a_benchmark_has_a_table_and_its_checks() -> None:
    text = Page(render(with_benchmark("critical", {"dpo_further": 0.9, "base": 0.5}))).text
    assert "Further benchmarks" in text
    assert "humaneval-plus 80 problems; critical" in text
    assert "pass@1 on humaneval-plus against base: holds" in text
    assert re.search(r"pass@1 on humaneval-plus changes by \+0\.\d+ .*so a fall of more than 0\.1 is ruled out", text)


def test_the_model_card_has_the_benchmark() -> None:
    card = model_card(with_benchmark("critical", {"dpo_further": 0.9, "base": 0.5}))
    assert re.search(r"- pass@1 on `humaneval-plus`, base: 0\.\d+ \(0\.\d+ to 0\.\d+\) over 80 problems", card)


def test_a_benchmark_that_fell_refuses_or_is_worth_a_look() -> None:
    fallen = {"dpo_further": 0.2, "base": 0.9}
    critical = Page(render(with_benchmark("critical", fallen))).text
    assert "Not promoted" in critical
    assert "falls short of what is asked against base: pass@1 on humaneval-plus changes by -0." in critical
    advisory = Page(render(with_benchmark("advisory", fallen))).text
    assert "This does not decide, and is worth a look: pass@1 on humaneval-plus changes by -0." in advisory
    assert "pass@1 on humaneval-plus (advisory) against base: does not hold" in advisory
