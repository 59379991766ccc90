import pytest

from codekiln.code import metrics
from codekiln.data.records import Graded, Sample, Score, Verdict
from codekiln.errors import InputError
from codekiln.evaluation import Comparison, Evaluation, decide, evaluate

STRUCTURE, INDEX = "structural_maintainability", "maintainability_index"
GAIN, LOSS, NOISE = (9.1, 8.0, 10.2), (-3.0, -4.0, -2.0), (0.2, -0.4, 0.8)
STEADY, FALL = (0.0, -0.015, 0.015), (-0.05, -0.08, -0.02)


def evaluation(against=("base",), n=187, **measures):
    """An evaluation of ``dpo`` where each measure differs from every opponent by (difference, low, high)."""
    comparisons = [
        Comparison(contender="dpo", against=name, measure=measure.replace("pass1", "pass@1"), n=n,
                   difference=numbers[0], low=numbers[1], high=numbers[2])
        for name in against
        for measure, numbers in measures.items()
    ]  # fmt: skip
    return Evaluation(
        measures=tuple(measures), problems=200, samples=10, resamples=1000, seed=0,
        per_problem={}, contenders={}, comparisons=tuple(comparisons),
    )  # fmt: skip


def test_a_clear_gain_is_promoted_with_its_numbers():
    gate = decide(evaluation(structural_maintainability=GAIN, pass1=(0.31, 0.26, 0.36)), "dpo", metric=STRUCTURE)
    assert gate.promoted
    assert gate.sentence == (
        "promoted: dpo beats base on structural_maintainability by +9.10 [+8.00, +10.20] over 187 problems, "
        "and pass@1 changes by +0.310 [+0.260, +0.360] (tolerance -0.02)"
    )
    assert [(check.measure, check.ok, check.failure) for check in gate.reasons] == [
        (STRUCTURE, True, ""),
        ("pass@1", True, ""),
    ]


@pytest.mark.parametrize("numbers", [NOISE, LOSS, (1.0, 0.0, 2.0)])
def test_an_interval_that_is_not_above_zero_is_refused(numbers):
    gate = decide(evaluation(structural_maintainability=numbers, pass1=STEADY), "dpo", metric=STRUCTURE)
    assert not gate.promoted
    assert gate.sentence.startswith("not promoted: dpo: against base, structural_maintainability changes by")
    assert gate.sentence.endswith("over 187 problems, which is not above zero")


@pytest.mark.parametrize(("tolerance", "promoted"), [(0.02, True), (0.015, True), (0.01, False), (0.0, False)])
def test_pass_at_1_may_not_fall_beyond_the_tolerance(tolerance, promoted):
    given = evaluation(structural_maintainability=GAIN, pass1=STEADY)
    gate = decide(given, "dpo", metric=STRUCTURE, tolerance=tolerance)
    assert gate.promoted is promoted
    assert (
        promoted
        or "pass@1 changes by +0.000 [-0.015, +0.015] over 187 problems, which does not rule out" in gate.sentence
    )


def test_a_fall_of_pass_at_1_is_refused_whatever_the_gain():
    assert not decide(evaluation(structural_maintainability=GAIN, pass1=FALL), "dpo", metric=STRUCTURE).promoted


@pytest.mark.parametrize(("numbers", "promoted"), [(LOSS, True), (GAIN, False), (NOISE, False)])
def test_lower_is_better_where_the_metric_says_so(numbers, promoted):
    gate = decide(evaluation(cognitive_complexity=numbers, pass1=STEADY), "dpo", metric="cognitive_complexity")
    assert gate.promoted is promoted


def test_an_index_that_rises_without_structure_is_a_hack_and_refused():
    hacked = evaluation(maintainability_index=GAIN, structural_maintainability=NOISE, pass1=STEADY)
    gate = decide(hacked, "dpo", metric=INDEX)
    assert not gate.promoted
    assert [check.measure for check in gate.reasons if not check.ok] == [STRUCTURE]
    earned = evaluation(maintainability_index=GAIN, structural_maintainability=GAIN, pass1=STEADY)
    assert decide(earned, "dpo", metric=INDEX).promoted


def test_comments_alone_are_refused_from_programs_to_sentence():
    programs = [f"def f(a):\n    b = a * {i}\n    if b > 3:\n        return b - 1\n    return b\n" for i in range(40)]
    noted = [code.replace("    return b\n", "    # give it back\n    return b\n") for code in programs]
    contenders = {
        name: [
            Graded(sample=Sample(task_id=str(task), solution=""), scores=scores, verdict=passed(str(task)))
            for task, scores in enumerate(metrics.score_all(codes, [INDEX, STRUCTURE]))
        ]
        for name, codes in (("base", programs), ("dpo", noted))
    }
    measured = evaluate(contenders, [INDEX, STRUCTURE])
    assert measured.compare("dpo", "base", INDEX).low > 10
    gate = decide(measured, "dpo", metric=INDEX)
    assert not gate.promoted
    assert "structural_maintainability changes by +0.000 [+0.000, +0.000]" in gate.sentence


def passed(task):
    return Verdict(task_id=task, status="passed", tests_total=1, tests_run=1, tests_passed=1)


def test_guards_can_be_named():
    given = evaluation(structural_maintainability=GAIN, lint_count=GAIN, pass1=STEADY)
    assert not decide(given, "dpo", metric=STRUCTURE, guards=["lint_count"]).promoted


def test_base_and_champion_must_both_be_beaten():
    both = evaluation(("base", "champion"), structural_maintainability=GAIN, pass1=STEADY)
    gate = decide(both, "dpo", metric=STRUCTURE, champion="champion")
    assert gate.promoted
    assert "; dpo beats champion on" in gate.sentence
    equal = both.model_copy(update={"comparisons": (*both.comparisons[:2], *(
        item.model_copy(update={"difference": 0.0, "low": 0.0, "high": 0.0}) for item in both.comparisons[2:]
    ))})  # fmt: skip
    refused = decide(equal, "dpo", metric=STRUCTURE, champion="champion")
    assert not refused.promoted
    assert {check.against for check in refused.reasons if not check.ok} == {"champion"}


@pytest.mark.parametrize(("n", "promoted"), [(30, True), (29, False), (0, False)])
def test_too_few_common_problems_decide_nothing(n, promoted):
    numbers = GAIN if n else (None, None, None)
    gate = decide(evaluation(n=n, structural_maintainability=numbers, pass1=STEADY), "dpo", metric=STRUCTURE)
    assert gate.promoted is promoted
    assert promoted or f"on {n} problems only, 30 are needed" in gate.sentence


def test_a_sentence_names_every_failure_in_one_sentence():
    gate = decide(evaluation(structural_maintainability=LOSS, pass1=FALL), "dpo", metric=STRUCTURE)
    assert STRUCTURE in gate.sentence
    assert "pass@1" in gate.sentence
    assert "\n" not in gate.sentence


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metric": "comment_ratio"}, "neither more nor less"),
        ({"metric": STRUCTURE, "base": "dpo"}, "against itself"),
        ({"metric": STRUCTURE, "champion": "champion"}, "was not compared with 'champion'"),
        ({"metric": "lines"}, "was not compared"),
        ({"metric": "nope"}, "no metric 'nope'"),
    ],
)
def test_mistakes_are_input_errors(arguments, message):
    with pytest.raises(InputError, match=message):
        decide(evaluation(structural_maintainability=GAIN, pass1=STEADY), "dpo", **arguments)


def test_a_candidate_that_has_nothing_of_what_is_protected_is_refused_whatever_it_gains():
    def rows(distance, valid):
        return [
            Graded(
                sample=Sample(task_id=str(task), solution=""),
                verdict=passed(str(task)),
                scores=(Score(metric="distance", value=distance + task % 3), Score(metric="valid", value=valid)),
            )
            for task in range(40)
        ]

    for valid, promoted in ((0.0, False), (1.0, True)):
        measured = evaluate({"base": rows(5.0, 0.0), "dpo": rows(1.0, valid)}, ["distance", "valid"])
        gate = decide(measured, "dpo", metric="distance", direction="lower", protected="valid")
        assert gate.promoted is promoted
        assert ("against zero, valid is 0.000" in gate.sentence) is not promoted


def test_a_guard_that_has_no_value_is_refused_in_words():
    given = evaluation(structural_maintainability=GAIN, pass1=STEADY)
    nothing = given.comparisons[1].model_copy(update=dict.fromkeys(("difference", "low", "high"), None) | {"n": 0})
    gate = decide(given.model_copy(update={"comparisons": (given.comparisons[0], nothing)}), "dpo", metric=STRUCTURE)
    assert not gate.promoted
    assert gate.sentence.endswith("against base, pass@1 can be compared on 0 problems only, 30 are needed")


@pytest.mark.parametrize(("groups", "promoted"), [(40, True), (10, True), (9, False), (1, False)])
def test_problems_of_a_few_groups_decide_nothing(groups, promoted):
    def rows(gain):
        samples = [Sample(task_id=str(task), solution="") for task in range(40)]
        return [Graded(sample=item, verdict=passed(item.task_id), scores=(Score(metric="own", value=gain),))
                for item in samples]  # fmt: skip

    of = {str(task): f"g{task % groups}" for task in range(40)}
    measured = evaluate({"base": rows(0.0), "dpo": rows(1.0)}, ["own"], groups=of)
    gate = decide(measured, "dpo", metric="own", direction="higher")
    assert gate.promoted is promoted
    assert promoted or f"on 40 problems of {groups} groups only, 10 groups are needed" in gate.sentence
