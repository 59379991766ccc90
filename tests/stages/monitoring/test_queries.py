"""Queries of the dashboard and of the alerts, read by Prometheus' grammar and held against what a run exports."""

import json
import re
from collections.abc import Iterator

import promql_parser
import pytest
import yaml

from charts.places import CHART
from codekiln.launch.cluster.status import STATES, WAITING
from codekiln.stages.monitoring.families import COMMON, FAMILIES

DASHBOARD = json.loads((CHART / "files" / "monitoring" / "dashboard.json").read_text())
RULES = yaml.safe_load((CHART / "files" / "monitoring" / "rules.yaml").read_text())
TARGETS = [(panel["title"], target) for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]
EXPRESSIONS = [target["expr"] for _, target in TARGETS] + [rule["expr"] for rule in ALERTS]
LABELS = {name: {"job", *COMMON, *family.labels} for name, family in FAMILIES.items()}


def selectors(expression) -> Iterator[promql_parser.VectorSelector]:
    """Yield every selector of an expression."""
    if isinstance(expression, promql_parser.VectorSelector):
        yield expression
    elif isinstance(expression, promql_parser.MatrixSelector):
        yield expression.vector_selector
    for child in children(expression):
        yield from selectors(child)


def children(expression) -> list:
    return [
        getattr(expression, name)
        for name in ("lhs", "rhs", "expr")
        if isinstance(getattr(expression, name, None), promql_parser.Expr)
    ] + list(getattr(expression, "args", ()))


def names_in_clauses(expression) -> Iterator[tuple[set[str], list]]:
    """Yield the labels of each ``by`` and ``on`` with the selectors that have to have them."""
    modifier = getattr(expression, "modifier", None)
    if isinstance(expression, promql_parser.AggregateExpr) and modifier:
        # Of `and` and `unless` the result has the labels of the left side.
        yield set(modifier.labels), [next(selectors(expression.expr))]
    if isinstance(expression, promql_parser.BinaryExpr) and modifier and modifier.matching:
        yield set(modifier.matching.labels), list(selectors(expression))
    for child in children(expression):
        yield from names_in_clauses(child)


def parsed(text: str):
    return promql_parser.parse(re.sub(r"\$\w+", ".*", text))


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_a_query_names_metrics_and_labels_that_there_are(text):
    expression = parsed(text)
    found = list(selectors(expression))
    assert found
    for selector in found:
        assert selector.name in LABELS
        assert {matcher.name for matcher in selector.matchers.matchers} <= LABELS[selector.name]
    for labels, below in names_in_clauses(expression):
        assert labels
        assert all(labels <= LABELS[selector.name] for selector in below)


@pytest.mark.parametrize(("title", "target"), TARGETS)
def test_a_legend_shows_labels_that_the_result_has(title, target):
    shown = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
    by = [labels for labels, _ in names_in_clauses(parsed(target["expr"])) if not labels >= {*COMMON}]
    result = by[0] if by else LABELS[next(selectors(parsed(target["expr"]))).name]
    assert shown <= result


def test_a_variable_asks_for_a_label_of_a_metric():
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]["query"]).groups()
            assert label in LABELS[metric]
    used = {name for text in EXPRESSIONS for name in re.findall(r"\$(\w+)", text)}
    assert used == {variable["name"] for variable in DASHBOARD["templating"]["list"]} - {"datasource"}


def test_the_dashboard_shows_every_metric():
    used = {selector.name for text in EXPRESSIONS for selector in selectors(parsed(text))}
    assert set(FAMILIES) - used == {"codekiln_job_running_seconds_total"}


def test_an_alert_speaks_of_labels_and_states_that_there_are():
    for rule in ALERTS:
        first = next(selectors(parsed(rule["expr"])))
        shown = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
        assert shown <= LABELS[first.name]
        for matcher in first.matchers.matchers:
            assert set(matcher.value.split("|")) == set(WAITING) <= set(STATES)


@pytest.mark.parametrize("text", ["sum(codekiln_job_state", "codekiln_nothing", 'codekiln_job_state{nothing="a"}'])
def test_a_query_that_is_wrong_is_found(text):
    with pytest.raises((AssertionError, ValueError)):
        test_a_query_names_metrics_and_labels_that_there_are(text)


def test_panels_do_not_overlap_and_have_their_own_ids():
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
