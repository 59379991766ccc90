import json
import random

import pytest

from codekiln.data.records import Graded, Sample, Score, Verdict
from codekiln.errors import InputError
from codekiln.evaluation import decide, evaluate, results, table

METRIC = "structural_maintainability"


def graded(task, score=None, *, passed=True, metric=METRIC):
    """One sample; ``score`` None means that the metric has no signal."""
    verdict = Verdict(task_id=task, status="passed" if passed else "failed", tests_total=1, tests_run=1,
                      tests_passed=int(passed))  # fmt: skip
    scores = (Score(metric=metric, value=score, reason="" if score is not None else "no-operator"),) if passed else ()
    return Graded(sample=Sample(task_id=task, solution=""), verdict=verdict, scores=scores)


BASE = [graded("a", 10.0), graded("a", passed=False), graded("b", passed=False), graded("b", passed=False)]
SFT = [graded("a", 14.0), graded("a", 18.0), graded("b", 50.0), graded("b")]


def test_a_problem_is_its_passing_samples():
    evaluation = evaluate({"base": BASE, "sft": SFT}, [METRIC], (1, 2))
    assert evaluation.measures == ("pass@1", "pass@2", METRIC)
    assert (evaluation.problems, evaluation.samples) == (2, 2)
    assert evaluation.per_problem["base"] == {
        "a": {"pass@1": 0.5, "pass@2": 1.0, METRIC: 10.0},
        "b": {"pass@1": 0.0, "pass@2": 0.0, METRIC: None},
    }
    assert evaluation.per_problem["sft"]["b"] == {"pass@1": 1.0, "pass@2": 1.0, METRIC: 50.0}
    assert evaluation.contenders["sft"][METRIC].mean == 33.0


def test_a_metric_is_compared_on_common_problems_and_pass_at_k_on_all():
    evaluation = evaluate({"base": BASE, "sft": SFT}, [METRIC])
    metric, passing = (evaluation.compare("sft", "base", measure) for measure in (METRIC, "pass@1"))
    assert (metric.difference, metric.n) == (6.0, 1)
    assert (passing.difference, passing.n) == (0.75, 2)


def test_later_contenders_meet_earlier_ones_and_all_meet_the_champion():
    names = ["base", "champion", "sft", "dpo"]
    evaluation = evaluate({name: BASE for name in names}, [METRIC])
    pairs = dict.fromkeys(f"{item.contender} {item.against}" for item in evaluation.comparisons)
    assert list(pairs) == ["sft base", "dpo base", "dpo sft", "base champion", "sft champion", "dpo champion"]


def test_identical_contenders_differ_by_nothing_whatever_the_order_of_samples():
    rows = [graded(f"t{i}", value) for i in range(40) for value in (0.1 * i, 0.2, 0.3)]
    evaluation = evaluate({"base": rows, "sft": rows[::-1]}, [METRIC])
    passing, metric = evaluation.comparisons
    assert (metric.difference, metric.low, metric.high, metric.differing) == (0, 0, 0, 0)
    assert (passing.difference, passing.low) == (0, -passing.high)
    assert not decide(evaluation, "sft", metric=METRIC).promoted


def test_groups_count_as_one_piece_of_evidence():
    rows = {
        name: [graded(f"t{i}", float(i // 10) * sign) for i in range(100)] for name, sign in (("base", 1), ("sft", 2))
    }
    groups = {f"t{i}": f"g{i // 10}" for i in range(100)}
    width = {}
    for label, given in (("alone", None), ("grouped", groups)):
        item = evaluate(rows, [METRIC], groups=given).compare("sft", "base", METRIC)
        width[label] = item.high - item.low
    assert width["grouped"] > 2 * width["alone"]


@pytest.mark.parametrize(
    ("contenders", "message"),
    [
        ({"base": BASE, "sft": SFT[:2]}, "'sft' and 'base' were sampled on different problems: b"),
        ({"base": BASE, "sft": SFT[:3]}, "'sft' has not 2 samples for: b"),
        ({"base": BASE[:3]}, "'base' has not 2 samples for: b"),
        ({"base": BASE, "sft": []}, "no samples of sft"),
        ({}, "nothing to evaluate"),
        ({"base": [graded("a", 1.0, metric="lines")]}, "was not scored on 'structural_maintainability'"),
    ],
)
def test_uneven_ground_is_refused(contenders, message):
    with pytest.raises(InputError, match=message):
        evaluate(contenders, [METRIC])


def test_k_beyond_the_samples_is_refused():
    with pytest.raises(InputError, match="pass@10 needs"):
        evaluate({"base": BASE}, [METRIC], (1, 10))


def test_results_have_the_agreed_form():
    rows = [graded(f"t{i}", 1.0) for i in range(200)]
    better = [graded(f"t{i}", 2.0 + i % 3) for i in range(200)]
    evaluation = evaluate({"base": rows, "dpo": better}, [METRIC], of_passing=[METRIC], all_samples=[METRIC])
    gate, origin = decide(evaluation, "dpo", metric=METRIC), {"recipe": "maintainability"}
    written = json.loads(json.dumps(results(evaluation, gate, origin), allow_nan=False))
    assert set(written) == {
        "contenders", "comparisons", "strata", "decompositions", "benchmarks", "gate", "provenance",
    }  # fmt: skip
    assert written["provenance"] == origin
    assert results(evaluation, gate)["provenance"] is None
    assert set(written["contenders"]) == {"base", "dpo"}
    assert set(written["contenders"]["dpo"][METRIC]) == {"mean", "low", "high"}
    assert {tuple(item) for item in written["comparisons"]} == {
        ("contender", "against", "measure", "difference", "low", "high", "n")
    }
    (parts,) = written["decompositions"]
    assert list(parts) == ["contender", "against", "measure", "difference", "code", "samples", "problems", "n"]
    assert written["gate"]["promoted"] is True
    assert written["gate"]["sentence"].startswith("promoted: dpo beats base")
    assert set(written["gate"]) == {
        "promoted", "sentence", "candidate", "metric", "level", "number", "recorded", "checks",
    }  # fmt: skip
    assert [check["measure"] for check in written["gate"]["checks"]] == [METRIC, f"{METRIC}, all samples", "pass@1"]
    assert {tuple(sorted(check)) for check in written["gate"]["checks"]} == {
        ("against", "benchmark", "difference", "failure", "high", "low", "measure", "n", "ok", "role", "tolerance")
    }


def test_a_refusal_has_its_checks_with_the_reasons():
    rows = [graded(f"t{i}", 1.0) for i in range(200)]
    evaluation = evaluate({"base": rows, "dpo": rows}, [METRIC], of_passing=[METRIC], all_samples=[METRIC])
    gate = results(evaluation, decide(evaluation, "dpo", metric=METRIC))["gate"]
    assert gate["promoted"] is False
    assert [check["ok"] for check in gate["checks"]] == [False, False, True]
    assert "which is not above zero" in gate["checks"][0]["failure"]


def test_an_evaluation_survives_json():
    evaluation = evaluate({"base": BASE, "sft": SFT}, [METRIC])
    assert type(evaluation).model_validate_json(evaluation.model_dump_json()) == evaluation


def test_a_contender_that_solves_nothing_has_no_metric():
    evaluation = evaluate({"base": [graded("a", passed=False)], "sft": [graded("a", 1.0)]}, [METRIC])
    assert evaluation.contenders["base"][METRIC].mean is None
    assert evaluation.compare("sft", "base", METRIC).n == 0
    assert "-" in table(evaluation)


def test_the_table_fits_and_has_every_number():
    metrics = [METRIC, "maintainability_index", "comment_ratio", "lines", "lint_count"]
    scores = tuple(Score(metric=name, value=70.0) for name in metrics)
    rows = [graded(f"t{i}", 1.0).model_copy(update={"scores": scores}) for i in range(3) for _ in range(10)]
    text = table(evaluate({"base": rows, "dpo_further": rows}, metrics, (1, 10)))
    assert max(map(len, text.splitlines())) <= 110
    assert all(name in text for name in (*metrics, "pass@1", "pass@10"))
    assert text.count("dpo_further") == text.count("base ") == len(text.split("\n\n"))
    assert text.count("70.0 [70.0, 70.0]") == 2 * len(metrics)


def shared(task, status, **values):
    """A graded sample with its own measures."""
    verdict = Verdict(task_id=task, status=status, tests_total=1, tests_run=1, tests_passed=int(status == "passed"))
    scores = tuple(Score(metric=name, value=value) for name, value in values.items())
    return Graded(sample=Sample(task_id=task, solution=""), verdict=verdict, scores=scores)


def test_a_measure_counts_replies_that_do_not_pass():
    rows = [shared("a", "failed", style=0.25), shared("a", "passed", style=0.75)]
    assert evaluate({"base": rows}, ["style"]).contenders["base"]["style"].mean == 0.5


def test_strata_are_measured_by_themselves():
    rows = [shared(f"t{i}", "passed" if i % 2 else "failed", style=float(i % 2)) for i in range(20)]
    strata = {f"t{i}": "odd" if i % 2 else "even" for i in range(18)}
    found = evaluate({"base": rows}, ["style"], strata=strata).strata
    assert list(found) == ["even", "odd"]
    assert [found[name]["base"]["style"].mean for name in found] == [0.0, 1.0]
    assert found["odd"]["base"]["pass@1"].mean == 1.0


def test_a_distance_is_of_the_means_not_the_mean_of_distances():
    real = [shared(f"t{i}", "passed", right=float(i < 5), wrong=float(i >= 5)) for i in range(10)]
    swapped = [shared(f"t{i}", "passed", right=float(i >= 5), wrong=float(i < 5)) for i in range(10)]
    always = [shared(f"t{i}", "passed", right=1.0, wrong=0.0) for i in range(10)]
    found = evaluate(
        {"real": real, "swapped": swapped, "always": always},
        ["right", "wrong"],
        distances={"apart": ("right", "wrong")},
        reference="real",
    )
    means = {name: values["apart"].mean for name, values in found.contenders.items()}
    assert means == {"real": 0.0, "swapped": 0.0, "always": 0.5}
    assert found.contenders["always"]["apart"].low > 0.05
    difference = found.compare("always", "swapped", "apart")
    assert difference.difference == 0.5
    assert difference.low < 0.5 <= difference.high


def test_without_its_reference_there_is_no_distance():
    rows = [shared("a", "passed", right=1.0)]
    assert "apart" not in evaluate({"base": rows}, ["right"], distances={"apart": ("right",)}).measures


def scored(task, value, passed=True):
    """A sample with a score whether it passes or not."""
    return graded(task, value).model_copy(update={"verdict": graded(task, value, passed=passed).verdict})


EVERY = f"{METRIC}, all samples"


def test_a_metric_of_passing_samples_has_a_second_mean_over_all_that_parse():
    rows = [scored("a", 10.0), scored("a", 30.0, passed=False), scored("a", None, passed=False)]
    evaluation = evaluate({"base": rows}, [METRIC], of_passing=[METRIC], all_samples=[METRIC])
    assert evaluation.measures == ("pass@1", METRIC, EVERY)
    assert evaluation.per_problem["base"]["a"] == {"pass@1": pytest.approx(1 / 3), METRIC: 10.0, EVERY: 20.0}


def test_a_failing_sample_that_was_not_scored_is_refused():
    rows = [scored("a", 10.0), graded("a", passed=False)]
    assert evaluate({"base": rows}, [METRIC], of_passing=[METRIC]).contenders["base"][METRIC].mean == 10.0
    with pytest.raises(InputError, match="a: a sample was not scored on 'structural_maintainability'"):
        evaluate({"base": rows}, [METRIC], of_passing=[METRIC], all_samples=[METRIC])


def test_the_parts_of_a_difference_add_up_and_are_what_they_say():
    source = random.Random(5)
    contenders = {
        name: [
            scored(f"t{task}", source.gauss(level, 5), source.random() < rate) for task in range(30) for _ in range(4)
        ]
        for name, level, rate in (("base", 60.0, 0.3), ("dpo", 63.0, 0.5))
    }
    evaluation = evaluate(contenders, [METRIC], of_passing=[METRIC], all_samples=[METRIC])
    (parts,) = evaluation.decompositions
    means = {name: found[METRIC].mean for name, found in evaluation.contenders.items()}
    paired = evaluation.compare("dpo", "base", METRIC)
    assert parts.difference == pytest.approx(means["dpo"] - means["base"])
    assert parts.code + parts.samples == pytest.approx(paired.difference)
    assert parts.code + parts.samples + parts.problems == pytest.approx(parts.difference)
    assert parts.n == paired.n < 30
    assert min(abs(parts.code), abs(parts.samples), abs(parts.problems)) > 0.01


def test_solving_other_problems_is_no_other_code():
    easy, hard = [scored("a", 90.0), scored("a", 90.0)], [scored("b", 50.0), scored("b", 50.0)]
    failing = [row.model_copy(update={"verdict": graded("b", passed=False).verdict}) for row in hard]
    contenders = {"base": easy + hard, "dpo": easy + failing}
    (parts,) = evaluate(contenders, [METRIC], of_passing=[METRIC], all_samples=[METRIC]).decompositions
    assert (parts.difference, parts.code, parts.samples, parts.problems, parts.n) == (20.0, 0.0, 0.0, 20.0, 1)


def test_without_a_common_problem_there_are_no_parts():
    contenders = {"base": [scored("a", 1.0)], "dpo": [scored("a", 1.0, passed=False)]}
    assert evaluate(contenders, [METRIC], of_passing=[METRIC], all_samples=[METRIC]).decompositions == ()
