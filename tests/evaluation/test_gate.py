import random

import pytest
from scipy import stats

from codekiln.code import metrics
from codekiln.data.records import Graded, Sample, Score, Verdict
from codekiln.errors import InputError
from codekiln.evaluation import Comparison, Evaluation, decide, evaluate
from codekiln.evaluation.criteria import Criterion

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
    gate = decide(measured, "dpo", metric="own", direction="higher", tolerance=0.5)
    assert gate.promoted is promoted
    assert promoted or f"on 40 problems of {groups} groups only, 10 groups are needed" in gate.sentence


def test_who_asks_for_fewer_problems_gets_by_with_fewer_groups():
    given = evaluation(n=8, structural_maintainability=GAIN, pass1=STEADY)
    few = [item.model_copy(update={"groups": 8}) for item in given.comparisons]
    few_groups = given.model_copy(update={"comparisons": tuple(few)})
    assert decide(few_groups, "dpo", metric=STRUCTURE, minimum_problems=5).promoted
    fewer = few_groups.model_copy(update={"comparisons": tuple(one.model_copy(update={"groups": 4}) for one in few)})
    refused = decide(fewer, "dpo", metric=STRUCTURE, minimum_problems=5)
    assert "of 4 groups only, 5 groups are needed" in refused.sentence


def problems(count, changed, metric="own"):
    """Graded rows of base and dpo: the first ``changed`` problems gain 5, the others are equal."""

    def rows(gain):
        return [
            Graded(
                sample=Sample(task_id=str(task), solution=""),
                verdict=passed(str(task)),
                scores=(Score(metric=metric, value=float(task % 3) + gain * (task < changed)),),
            )
            for task in range(count)
        ]

    return {"base": rows(0.0), "dpo": rows(5.0)}


@pytest.mark.parametrize(("changed", "promoted"), [(5, False), (6, True), (100, True)])
def test_a_gain_on_a_few_problems_decides_nothing(changed, promoted):
    measured = evaluate(problems(200, changed), ["own"])
    gate = decide(measured, "dpo", metric="own", direction="higher")
    assert gate.promoted is promoted
    assert measured.compare("dpo", "base", "own").low > 0
    assert ("own differs on 5 problems only, 6 are needed" in gate.sentence) is not promoted


@pytest.mark.parametrize(("changed", "promoted"), [(11, False), (12, True)])
def test_a_later_candidate_must_differ_on_more_problems(changed, promoted):
    measured = evaluate(problems(30, changed), ["own"])
    gate = decide(measured, "dpo", metric="own", direction="higher", tolerance=0.5, level=0.049)
    later = decide(measured, "dpo", metric="own", direction="higher", tolerance=0.5, level=0.0005)
    assert gate.promoted
    assert later.reasons[0].low > 0
    assert later.promoted is promoted
    assert ("own differs on 11 problems only, 12 are needed" in later.sentence) is not promoted


def test_groups_that_differ_are_counted_not_their_problems():
    groups = {str(task): f"g{task // 10}" for task in range(200)}
    measured = evaluate(problems(200, 50), ["own"], groups=groups)
    own = measured.compare("dpo", "base", "own")
    assert (own.n, own.groups, own.differing) == (200, 20, 5)
    forced = measured.model_copy(update={"comparisons": (measured.comparisons[0], own.model_copy(update={"low": 0.1}))})
    gate = decide(forced, "dpo", metric="own", direction="higher")
    assert "own differs on 5 groups of the 200 problems only, 6 are needed" in gate.sentence


def test_the_target_is_asked_over_all_samples_too():
    both = {STRUCTURE: GAIN, f"{STRUCTURE}, all samples": NOISE}
    gate = decide(evaluation(**both, pass1=STEADY), "dpo", metric=STRUCTURE)
    assert not gate.promoted
    assert f"{STRUCTURE}, all samples changes by +0.200" in gate.sentence
    gained = decide(evaluation(**{name: GAIN for name in both}, pass1=STEADY), "dpo", metric=STRUCTURE)
    assert gained.promoted
    assert f"{STRUCTURE} by +9.10" in gained.sentence
    assert f"{STRUCTURE}, all samples by +9.10" in gained.sentence


def test_a_guard_of_the_target_is_asked_over_all_samples_too():
    measured = {name: GAIN for name in (INDEX, f"{INDEX}, all samples", STRUCTURE)}
    gate = decide(evaluation(**measured, **{f"{STRUCTURE}, all samples": NOISE}, pass1=STEADY), "dpo", metric=INDEX)
    assert [check.measure for check in gate.reasons if not check.ok] == [f"{STRUCTURE}, all samples"]


def test_failing_where_the_code_is_worst_is_no_gain():
    def rows(fails):
        return [
            Graded(
                sample=Sample(task_id=str(task), solution=""),
                verdict=passed(str(task)) if number not in fails(task) else failed(str(task)),
                scores=(Score(metric="own", value=float(70 + task % 7 + 10 * number)),),
            )
            for task in range(200)
            for number in range(10)
        ]

    # The candidate writes the same programs, fails with the worst of each problem, and passes another one instead.
    given = {"base": rows(lambda task: (9,)), "dpo": rows(lambda task: (0,))}
    measured = evaluate(given, ["own"], of_passing=["own"], all_samples=["own"])
    assert measured.compare("dpo", "base", "own").low > 5
    gate = decide(measured, "dpo", metric="own", direction="higher")
    assert not gate.promoted
    assert "own, all samples changes by +0.000 [+0.000, +0.000]" in gate.sentence
    (parts,) = measured.decompositions
    assert (parts.code, parts.problems) == (0.0, 0.0)
    assert parts.samples == pytest.approx(parts.difference) == pytest.approx(10.0)


def failed(task):
    return Verdict(task_id=task, status="failed", tests_total=1, tests_run=1, tests_passed=0)


def test_a_stricter_level_asks_wider_intervals_and_says_so():
    source = random.Random(3)
    rows = {
        name: [
            Graded(
                sample=Sample(task_id=str(task), solution=""),
                verdict=passed(str(task)),
                scores=(Score(metric="own", value=gain + source.gauss(0, 1)),),
            )
            for task in range(200)
        ]
        for name, gain in (("base", 0.0), ("dpo", 0.2))
    }
    measured = evaluate(rows, ["own"])
    own = measured.compare("dpo", "base", "own")
    usual = decide(measured, "dpo", metric="own", direction="higher")
    strict = decide(measured, "dpo", metric="own", direction="higher", tolerance=0.05, level=0.001)
    assert (usual.promoted, strict.promoted) == (True, False)
    assert strict.sentence.endswith("which is not above zero; intervals at 99.90 %")
    assert "intervals at" not in usual.sentence
    half = stats.t.ppf(0.9995, 199) / stats.t.ppf(0.975, 199) * (own.high - own.difference)
    assert (strict.reasons[0].low, strict.reasons[0].high) == pytest.approx(
        (own.difference - half, own.difference + half)
    )
    guarded = measured.compare("dpo", "base", "pass@1").at(0.001)
    assert strict.reasons[1].low == guarded.low < measured.compare("dpo", "base", "pass@1").low


def test_a_level_needs_degrees_of_freedom():
    given = evaluation(structural_maintainability=GAIN, pass1=STEADY)
    with pytest.raises(ValueError, match="no degrees of freedom of structural_maintainability"):
        decide(given, "dpo", metric=STRUCTURE, level=0.01)


def with_benchmark(numbers, measure="pass1", n=164, **main):
    """An evaluation that gains on the main set, with one measure of the benchmark ``plus``."""
    kept = {"structural_maintainability": GAIN, "pass1": STEADY, **main}
    return evaluation(**kept).model_copy(update={"benchmarks": {"plus": evaluation(n=n, **{measure: numbers})}})


PLUS = Criterion(measure="pass@1", benchmark="plus", tolerance=0.02)


def test_a_fall_on_a_second_benchmark_refuses():
    kept = decide(with_benchmark(STEADY), "dpo", metric=STRUCTURE, criteria=[PLUS])
    assert kept.promoted
    assert kept.sentence.endswith(
        "and pass@1 changes by +0.000 [-0.015, +0.015] (tolerance -0.02), "
        "pass@1 on plus changes by +0.000 [-0.015, +0.015] (tolerance -0.02)"
    )
    fallen = decide(with_benchmark(FALL), "dpo", metric=STRUCTURE, criteria=[PLUS])
    assert not fallen.promoted
    assert fallen.sentence == (
        "not promoted: dpo: against base, pass@1 on plus changes by -0.050 [-0.080, -0.020] over 164 problems, "
        "which does not rule out a fall beyond -0.02"
    )
    assert [(check.name, check.role, check.ok) for check in fallen.reasons] == [
        (STRUCTURE, "target", True),
        ("pass@1", "critical", True),
        ("pass@1 on plus", "critical", False),
    ]


def test_an_advisory_benchmark_is_reported_and_decides_nothing():
    advisory = PLUS.model_copy(update={"role": "advisory"})
    gate = decide(with_benchmark(FALL), "dpo", metric=STRUCTURE, criteria=[advisory])
    assert gate.promoted
    assert gate.sentence.endswith(
        "; advisory, against base: pass@1 on plus changes by -0.050 [-0.080, -0.020] over 164 problems, "
        "which does not rule out a fall beyond -0.02"
    )
    refused = decide(with_benchmark(FALL, pass1=FALL), "dpo", metric=STRUCTURE, criteria=[advisory])
    assert refused.sentence.startswith("not promoted: dpo: against base, pass@1 changes by -0.050")
    assert refused.sentence.count("advisory") == 1


@pytest.mark.parametrize(
    ("direction", "numbers", "beyond"),
    [
        ("lower", (0.0, -3.0, 0.4), ""),
        ("lower", (0.0, -0.1, 0.6), "a rise beyond 0.5"),
        ("none", (0.0, -0.4, 0.4), ""),
        ("none", (0.0, -0.6, 0.1), "a change beyond 0.5"),
        ("none", (0.0, -0.1, 0.6), "a change beyond 0.5"),
        ("higher", (0.0, -0.1, 9.0), ""),
        ("higher", (0.0, -0.6, 9.0), "a fall beyond -0.5"),
    ],
)
def test_a_further_measure_may_not_get_worse_its_own_way(direction, numbers, beyond):
    given = evaluation(structural_maintainability=GAIN, pass1=STEADY, own=numbers)
    guard = Criterion(measure="own", tolerance=0.5, direction=direction)
    gate = decide(given, "dpo", metric=STRUCTURE, criteria=[guard])
    assert gate.promoted is not bool(beyond)
    assert gate.reasons[-1].failure.endswith(f"which does not rule out {beyond}" if beyond else "")


def test_a_critical_benchmark_of_too_few_problems_refuses():
    gate = decide(with_benchmark(STEADY, n=29), "dpo", metric=STRUCTURE, criteria=[PLUS])
    assert gate.sentence.endswith("pass@1 on plus can be compared on 29 problems only, 30 are needed")


def test_a_benchmark_that_was_not_evaluated_is_an_error():
    given = evaluation(structural_maintainability=GAIN, pass1=STEADY)
    with pytest.raises(InputError, match="no benchmark 'plus' was evaluated"):
        decide(given, "dpo", metric=STRUCTURE, criteria=[PLUS])


def test_a_benchmark_counts_against_the_champion_too():
    both = ("base", "champion")
    main = evaluation(both, structural_maintainability=GAIN, pass1=STEADY)
    plus = evaluation(("base",), pass1=STEADY).comparisons + evaluation(("champion",), pass1=FALL).comparisons
    given = main.model_copy(update={"benchmarks": {"plus": main.model_copy(update={"comparisons": plus})}})
    gate = decide(given, "dpo", metric=STRUCTURE, criteria=[PLUS], champion="champion")
    assert gate.sentence.startswith("not promoted: dpo: against champion, pass@1 on plus changes by -0.050")
