"""Pairs and examples of the maintainability recipe, from graded samples made by hand and by hypothesis."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codekiln import recipes, teachers
from codekiln.code import metrics
from codekiln.code.distance import token_similarity
from codekiln.data import prompts, replies
from codekiln.data.normalise import fingerprint
from codekiln.data.records import Graded, Pair, Problem, Sample, Score, Verdict
from codekiln.errors import InputError
from codekiln.recipes.maintainability.rows import WRONG

METRIC = "structural_maintainability"
NO_QUALITY_PAIR = {
    "no-samples",
    "no-passing-sample",
    "single-program",
    "twins",
    "no-signal",
    "tie",
    "margin",
    "too-alike",
}


def problem(task_id="t1", **fields):
    return Problem(task_id=task_id, prompt=f"Write f for {task_id}.", entry_point="f", group="g", **fields)


def program(number, comment=""):
    return (f"# {comment}\n" if comment else "") + f"def f(x):\n    return x + {number}\n"


def graded(code, score=None, status="passed", task_id="t1", metric=METRIC):
    passed = int(status == "passed")
    verdict = Verdict(task_id=task_id, status=status, tests_total=1, tests_run=1, tests_passed=passed)
    scores = (Score(metric=metric, value=score),) if passed else ()
    return Graded(sample=Sample(task_id=task_id, solution=code), verdict=verdict, scores=scores)


def rows(items, problems=None, metric=METRIC, seed=0, **fields):
    cls = recipes.get("maintainability")
    recipe = cls(cls.Settings(**fields), metric=metric, seed=seed)
    return recipe.rows(problems or [problem()], items)


def code_of(messages):
    return replies.extract_code(messages[0].content)


def texts(pair):
    return code_of(pair.chosen).strip(), code_of(pair.rejected).strip()


def test_the_widest_gap_is_paired_first_and_programs_are_not_used_twice():
    items = [graded(program(number), score) for number, score in enumerate([50.0, 90.0, 60.0, 80.0])]
    pairs = rows(items, pairs_per_problem=2).pairs
    assert [(pair.chosen_score, pair.rejected_score) for pair in pairs] == [(90.0, 50.0), (80.0, 60.0)]
    assert texts(pairs[0]) == (program(1).strip(), program(0).strip())


def test_no_more_pairs_of_a_stratum_than_allowed():
    items = [graded(program(number), 10.0 * number) for number in range(8)]
    items += [graded(program(number), status="failed") for number in range(10, 16)]
    made = rows(items, pairs_per_problem=3, correctness_share=1)
    assert Counter(pair.stratum for pair in made.pairs) == {"quality": 3, "correctness": 3}


def test_a_program_whose_twins_are_best_and_worst_is_used_once():
    items = [
        graded(program(1), 0.0),
        graded(program(1, "twin"), 99.0),
        graded(program(2), 40.0),
        graded(program(3), 30.0),
    ]
    pairs = rows(items, pairs_per_problem=2).pairs
    assert [(pair.chosen_score, pair.rejected_score) for pair in pairs] == [(99.0, 30.0)]


def test_a_pair_carries_prompt_group_metric_and_stratum():
    pair = rows([graded(program(1), 50.0), graded(program(2), 90.0)]).pairs[0]
    assert pair.prompt == prompts.messages(problem())
    assert (pair.group, pair.metric, pair.stratum, pair.task_id) == ("g", METRIC, "quality", "t1")


def test_the_metrics_own_direction_decides_what_is_better():
    items = [
        graded(program(1), 2.0, metric="cognitive_complexity"),
        graded(program(2), 9.0, metric="cognitive_complexity"),
    ]
    pair = rows(items, metric="cognitive_complexity").pairs[0]
    assert (pair.chosen_score, pair.rejected_score) == (2.0, 9.0)


def test_a_metric_without_a_direction_cannot_order_pairs():
    neutral = next(name for name in metrics.names() if metrics.get(name).direction == "none")
    with pytest.raises(InputError, match="which program is better"):
        rows([], metric=neutral)


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        ([], "no-samples"),
        ([graded(program(1), status="failed")], "no-passing-sample"),
        ([graded(program(1), 50.0)], "single-program"),
        ([graded(program(1), 50.0), graded(program(1, "hello"), 99.0)], "twins"),
        ([graded(program(1), None), graded(program(2), 50.0)], "no-signal"),
        ([graded(program(1), 50.0), graded(program(2), 50.0)], "tie"),
        ([graded(program(1), 50.0), graded(program(2), 52.9)], "margin"),
    ],
)
def test_a_problem_without_a_quality_pair_says_why(items, reason):
    made = rows(items, margin=3.0)
    assert made.pairs == []
    assert [item.reason for item in made.rejected] == [reason]


def test_a_gap_of_exactly_the_margin_is_enough():
    assert len(rows([graded(program(1), 50.0), graded(program(2), 53.0)], margin=3.0).pairs) == 1


def test_a_tie_is_dropped_even_without_a_margin():
    made = rows([graded(program(1), 50.0), graded(program(2), 50.0)], margin=0)
    assert [item.reason for item in made.rejected] == ["tie"]


def test_a_narrow_pair_is_kept_among_the_rejected_with_its_scores():
    rejected = rows([graded(program(1), 50.0), graded(program(2), 51.0)]).rejected[0].row
    assert isinstance(rejected, Pair)
    assert (rejected.chosen_score, rejected.rejected_score) == (51.0, 50.0)


def test_a_wrong_program_is_rejected_for_a_right_one_even_when_the_right_one_has_no_score():
    pair = rows([graded(program(1), None), graded(program(2), status="failed")], correctness_share=1).pairs[0]
    assert (pair.stratum, pair.chosen_score, pair.rejected_score) == ("correctness", None, None)
    assert texts(pair) == (program(1).strip(), program(2).strip())


@pytest.mark.parametrize("status", ["crashed", "tampered"])
def test_what_is_not_the_programs_fault_alone_makes_no_pair(status):
    assert rows([graded(program(1), 50.0), graded(program(2), status=status)], correctness_share=1).pairs == []


def test_a_program_that_passed_once_is_not_called_wrong():
    items = [graded(program(1), 50.0), graded(program(1, "again"), status="timeout")]
    assert rows(items, correctness_share=1).pairs == []


def test_correctness_pairs_choose_the_best_and_reject_the_most_alike():
    best, worse = (
        "def f(x):\n    return sum(x) + 1\n",
        "def f(x):\n    t = 0\n    for y in x:\n        t += y\n    return t + 1\n",
    )
    alike, other = "def f(x):\n    return sum(x) - 1\n", "def f(x):\n    while x:\n        x.pop()\n"
    items = [graded(worse, 60.0), graded(best, 90.0), graded(other, status="error"), graded(alike, status="failed")]
    pairs = [
        pair for pair in rows(items, pairs_per_problem=1, correctness_share=1).pairs if pair.stratum == "correctness"
    ]
    assert [texts(pair) for pair in pairs] == [(best.strip(), alike.strip())]
    assert pairs[0].chosen_score == 90.0


def test_the_correctness_share_is_held_and_every_problem_keeps_its_first_pair():
    problems = [problem(f"t{index}") for index in range(10)]
    items = []
    for item in problems:
        items += [graded(program(1), 50.0, task_id=item.task_id), graded(program(2), 90.0, task_id=item.task_id)]
        items += [graded(program(number), status="failed", task_id=item.task_id) for number in (3, 4)]
    made = rows(items, problems, correctness_share=0.5, pairs_per_problem=2)
    strata = Counter(pair.stratum for pair in made.pairs)
    assert strata == {"quality": 10, "correctness": 10}
    assert len({pair.task_id for pair in made.pairs if pair.stratum == "correctness"}) == 10
    assert [item.reason for item in made.rejected] == ["correctness-share"] * 10


def test_a_text_that_is_no_program_is_rejected_for_one_that_passes():
    pair = rows([graded(program(1), 50.0), graded("def f(:", status="invalid")], correctness_share=1).pairs[0]
    assert texts(pair)[1] == "def f(:"


def test_a_completion_becomes_the_whole_program():
    sample = Sample(task_id="t1", completion="    return x\n")
    verdict = Verdict(task_id="t1", status="passed", tests_total=1, tests_run=1, tests_passed=1)
    item = problem().model_copy(update={"prompt": "def f(x):\n"})
    made = rows([Graded(sample=sample, verdict=verdict)], [item])
    assert code_of(made.examples[0].completion).strip() == "def f(x):\n    return x"


def test_samples_of_a_problem_that_was_not_given_are_refused():
    with pytest.raises(InputError, match="t9"):
        rows([graded(program(1), 50.0, task_id="t9")])


def test_examples_are_passing_and_no_two_are_the_same_program():
    items = [
        graded(program(1), 50.0),
        graded(program(1, "twin"), 50.0),
        graded(program(2), 60.0),
        graded(program(3), status="failed"),
    ]
    made = rows(items).examples
    assert {fingerprint(code_of(example.completion)) for example in made} == {
        fingerprint(program(1)),
        fingerprint(program(2)),
    }
    assert len(made) == 2
    assert made[0].prompt == prompts.messages(problem())


def test_best_examples_are_best_by_the_metric_and_random_ones_are_spread():
    items = [graded(program(number), float(number)) for number in range(8)]
    best = rows(items, examples="best", examples_per_problem=2).examples
    assert [code_of(example.completion).strip() for example in best] == [program(7).strip(), program(6).strip()]
    drawn = {code_of(rows(items, examples_per_problem=1, seed=seed).examples[0].completion) for seed in range(30)}
    assert len(drawn) > 4


def test_styles_of_one_solution_make_pairs_that_the_real_metric_orders():
    reference = "def f(items):\n    return sum(item * item for item in items if item % 2 == 0 and item > 3)\n"
    teacher = teachers.get("reference")
    item = problem(reference=reference)
    ((_, samples),) = teacher(teacher.Settings(), seed=0).solve([item])
    scores = metrics.score_all([sample.solution for sample in samples])
    verdict = Verdict(task_id="t1", status="passed", tests_total=1, tests_run=1, tests_passed=1)
    items = [
        Graded(sample=sample, verdict=verdict, scores=score) for sample, score in zip(samples, scores, strict=True)
    ]
    pair = rows(items, pairs_per_problem=1).pairs[0]
    assert metrics.get(METRIC).score(texts(pair)[0]).value == pytest.approx(pair.chosen_score)
    assert pair.chosen_score > pair.rejected_score + 3
    assert len(texts(pair)[0].splitlines()) < len(texts(pair)[1].splitlines())


STATUSES = st.sampled_from(["passed"] * 4 + ["failed", "error", "timeout", "invalid", "crashed", "tampered"])
ITEMS = st.lists(
    st.builds(
        lambda task, number, comment, status, score: graded(program(number, comment), score, status, f"t{task}"),
        st.integers(0, 4),
        st.integers(0, 5),
        st.sampled_from(["", "one", "two"]),
        STATUSES,
        st.none() | st.sampled_from([0.0, 1.0, 2.5, 3.0, 4.0, 50.0, 99.0]),
    ),
    max_size=40,
)
KNOBS = st.fixed_dictionaries(
    {
        "margin": st.sampled_from([0.0, 1.0, 3.0, 20.0]),
        "pairs_per_problem": st.integers(1, 3),
        "correctness_share": st.sampled_from([0.0, 0.2, 0.5, 1.0]),
        "examples_per_problem": st.integers(1, 3),
        "examples": st.sampled_from(["random", "best"]),
        "negatives": st.sampled_from(["worst", "alike"]),
        "max_likeness": st.sampled_from([1.0, 0.9, 0.8]),
    }
)


@given(ITEMS, KNOBS, st.sampled_from([METRIC, "cognitive_complexity"]), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_invariants(items, knobs, metric, random):
    items = [
        item.model_copy(update={"scores": tuple(Score(metric=metric, value=score.value) for score in item.scores)})
        for item in items
    ]
    problems = [problem(f"t{index}") for index in range(5)]
    made = rows(items, problems, metric, seed=3, **knobs)
    sign = 1 if metrics.get(metric).direction == "higher" else -1
    passing = {(item.sample.task_id, item.sample.solution.strip()) for item in items if item.verdict.passed}
    wrong = {(item.sample.task_id, item.sample.solution.strip()) for item in items if item.verdict.status in WRONG}
    quality = [pair for pair in made.pairs if pair.stratum == "quality"]
    correctness = [pair for pair in made.pairs if pair.stratum == "correctness"]

    for pair in made.pairs:
        chosen, rejected = texts(pair)
        assert fingerprint(chosen) != fingerprint(rejected)
        assert token_similarity(chosen, rejected) <= knobs["max_likeness"]
        assert (pair.task_id, chosen) in passing
        assert (pair.task_id, rejected) in (passing if pair.stratum == "quality" else wrong)
    for pair in quality:
        gap = sign * (pair.chosen_score - pair.rejected_score)
        assert gap > 0
        assert gap >= knobs["margin"]

    for stratum in (quality, correctness):
        assert all(count <= knobs["pairs_per_problem"] for count in Counter(pair.task_id for pair in stratum).values())
    assert len(correctness) <= knobs["correctness_share"] * len(made.pairs) + 1e-9
    used = [(pair.task_id, fingerprint(code)) for pair in quality for code in texts(pair)]
    assert len(used) == len(set(used))

    unpaired = [item.row.task_id for item in made.rejected if item.reason in NO_QUALITY_PAIR]
    assert sorted(unpaired + list({pair.task_id for pair in quality})) == [item.task_id for item in problems]
    assert {item.reason for item in made.rejected} <= NO_QUALITY_PAIR | {"correctness-share"}

    examples = [(row.task_id, fingerprint(code_of(row.completion))) for row in made.examples]
    assert len(examples) == len(set(examples))
    assert all((row.task_id, code_of(row.completion).strip()) in passing for row in made.examples)
    for item in problems:
        distinct = {fingerprint(code) for task, code in passing if task == item.task_id}
        assert sum(task == item.task_id for task, _ in examples) == min(len(distinct), knobs["examples_per_problem"])

    random.shuffle(items)
    assert rows(items, problems, metric, seed=3, **knobs) == made


# Programs without an operator have no structural index; the loop is harder to follow than the call.
PLAIN = "def f(x):\n    return list(map(str, x))\n"
LOOP = "def f(x):\n    found = []\n    for y in x:\n        found.append(str(y))\n    return found\n"
HIDDEN = "import operator\n\n\ndef f(x):\n    return operator.add(sum(x), 1)\n"


def measured(code, **fields):
    row = graded(code, **fields)
    return row.model_copy(update={"scores": metrics.score_all([code])[0]})


def test_programs_without_a_score_are_ordered_by_the_first_metric_that_can():
    made = rows([measured(PLAIN), measured(LOOP)])
    (pair,) = made.pairs
    assert (pair.metric, pair.chosen_score, pair.rejected_score) == ("cognitive_complexity", 0.0, 1.0)
    assert texts(pair) == (PLAIN.strip(), LOOP.strip())
    assert not made.rejected
    assert [item.reason for item in rows([measured(PLAIN), measured(LOOP)], tie_break=()).rejected] == ["no-signal"]
    far = rows([measured(PLAIN), measured(LOOP)], tie_break_margin=2)
    assert [item.reason for item in far.rejected] == ["no-signal"]


def test_lint_decides_where_complexity_is_equal_too():
    untidy = "def f(x):\n    l = map(str, x)\n    return list(l)\n"
    assert metrics.get("lint_count").score(untidy).value > metrics.get("lint_count").score(PLAIN).value
    (pair,) = rows([measured(untidy), measured(PLAIN)]).pairs
    assert (pair.metric, texts(pair)[1]) == ("lint_count", untidy.strip())


def test_a_tie_break_never_contradicts_the_metric_nor_helps_what_it_vetoes():
    # Scores that the metric orders, below the margin: the other metric, which says the opposite, is not asked.
    simple, nested = measured(PLAIN), measured(LOOP)
    scored = [
        row.model_copy(update={"scores": (Score(metric=METRIC, value=value), *row.scores[1:])})
        for row, value in ((simple, 50.0), (nested, 51.0))
    ]
    assert [item.reason for item in rows(scored).rejected] == ["margin"]
    assert metrics.get(METRIC).score(HIDDEN).reason.startswith("vetoed")
    assert [item.reason for item in rows([measured(HIDDEN), measured(LOOP)]).rejected] == ["no-signal"]


def test_a_tie_break_has_to_say_which_program_is_better():
    settings_of = recipes.get("maintainability").Settings
    with pytest.raises(ValueError, match="'comment_ratio' orders no programs"):
        settings_of(tie_break=("comment_ratio",))
