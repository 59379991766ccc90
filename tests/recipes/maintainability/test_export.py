"""Preference data: the study's labels and ours, partners that are not too much alike, files and their proof."""

import json
import tomllib
from itertools import permutations
from pathlib import Path

import pytest

from codekiln import recipes
from codekiln.code import metrics
from codekiln.data import prompts
from codekiln.data.prompts import extract_code
from codekiln.data.records import Graded, Problem, Sample, Verdict
from codekiln.errors import InputErrors
from codekiln.recipes import publish
from codekiln.recipes.maintainability import tasks
from codekiln.recipes.maintainability.pairing import likeness
from codekiln.recipes.types import BuiltDataset
from codekiln.settings import profiles
from codekiln.settings.resolve import resolve

KIND = recipes.get("maintainability")
STUDY = profiles.read("seed-two-stage-dpo")["recipes"]["maintainability"]
CALL = "def f(x):\n    return sum(x) + 1\n"
LOOP = "def f(x):\n    t = 1\n    for y in x:\n        t += y\n    return t\n"
WHILE = "def f(x):\n    t = 1\n    while x:\n        t, x = t + x[0], x[1:]\n    return t\n"
SIGNS = (
    "def f(x):\n    {t} = 1\n    for y in x:\n        if y > 0:\n            {t} += y\n"
    "        elif y < 0:\n            {t} -= -y\n    return {t}\n"
)
LONG = SIGNS.format(t="t")


def problem(task_id="t1", **fields):
    common = {"entry_point": "f", "group": task_id, "tests": ("assert f([1]) == 2",)}
    return Problem(**{"task_id": task_id, "prompt": "Add x up, plus one.", **common, **fields})


def graded(code, place=0, status="passed", task_id="t1"):
    passed = status == "passed"
    verdict = Verdict(task_id=task_id, status=status, tests_total=1, tests_run=1, tests_passed=int(passed))
    scores = metrics.score_all([code])[0] if passed else ()
    sample = Sample(task_id=task_id, solution=code, model="m", seed=place)
    return Graded(sample=sample, verdict=verdict, scores=scores)


def recipe(metric="structural_maintainability", seed=0, **fields):
    return KIND(KIND.Settings(**fields), metric=metric, seed=seed)


def study(items, seed=0):
    return recipe("maintainability_index", seed, **STUDY).rows([problem()], items)


def texts(pair):
    return tuple(extract_code(side[0].content) + "\n" for side in (pair.chosen, pair.rejected))


# The study's labels.


@pytest.mark.parametrize("code", [CALL, LOOP, LONG, "def f(x):\n    # add\n    return sum(x) + 1\n"])
def test_the_studys_label_is_radons_index_with_its_comment_term(code):
    from radon.metrics import mi_visit

    pairs = study([graded(code), graded(LONG + "# a\n# b\n# c\n# d\n", 1)]).pairs
    (pair,) = pairs
    stated = dict(zip(texts(pair), (pair.chosen_score, pair.rejected_score), strict=True))
    assert stated[code] == mi_visit(code, True)


@pytest.mark.parametrize("seed", range(5))
def test_of_two_programs_that_tie_the_study_chooses_the_first_that_was_written(seed):
    one, other = "def f(x):\n    return x\n", "def f(y):\n    return y\n"  # both at the cap of 100
    for items in permutations([graded(one, 7), graded(other, 8)]):
        (pair,) = study(items, seed).pairs
        assert texts(pair) == (one, other)
        assert pair.chosen_score == pair.rejected_score == 100
        assert recipe("maintainability_index", seed).rows([problem()], items).pairs == []


def test_of_many_programs_the_study_pairs_the_highest_with_the_lowest_each_the_first_of_its_score():
    high = ["def f(a):\n    return a\n", "def f(b):\n    return b\n"]
    low = [LONG, SIGNS.format(t="s")]
    items = [graded(low[0], 3), graded(high[1], 2), graded(low[1], 4), graded(high[0], 1), graded(LOOP, 0)]
    for order in (items, items[::-1]):
        (pair,) = study(order).pairs
        assert texts(pair) == (high[0], low[0])


def test_many_programs_that_all_tie_are_no_pair_in_the_study():
    items = [graded(f"def f({name}):\n    return {name}\n", place) for place, name in enumerate("abc")]
    made = study(items)
    assert made.pairs == []
    assert [item.reason for item in made.rejected] == ["tie"]


@pytest.mark.parametrize("status", ["failed", "error", "timeout"])
def test_the_study_wants_both_to_pass(status):
    assert study([graded(CALL), graded(LOOP, 1, status)]).pairs == []


def test_the_study_drops_equal_texts_alone_and_ours_drops_what_differs_in_comments():
    documented = 'def f(x):\n    """Add x up."""\n    return sum(x) + 1\n'
    assert study([graded(CALL), graded(CALL, 1)]).pairs == []
    assert len(study([graded(CALL), graded(documented, 1)]).pairs) == 1
    made = recipe("maintainability_index", margin=0).rows([problem()], [graded(CALL), graded(documented, 1)])
    assert [item.reason for item in made.rejected] == ["twins"]


def test_the_study_is_asked_by_signature_and_sees_no_test():
    reference = "def helper(x):\n    return x\n\ndef f(x: list, k=1) -> int:\n    return sum(x) + k\n"
    reference += "\ndef unused(z):\n    return z\n"
    shown = problem(reference=reference, visible_tests=("assert f([]) == 1",))
    (asked,) = tasks.ask([shown], signature=True, system=STUDY["system"])
    system, user = prompts.messages(asked)
    assert (system.role, system.content) == ("system", STUDY["system"])
    assert "`def f(x: list, k=1) -> int:`" in user.content
    assert "unused" not in user.content
    assert "assert" not in user.content
    assert asked.tests == shown.tests


@pytest.mark.parametrize(
    ("reference", "header"),
    [
        ("def g(x):\n    return 1\n", "def g(x):"),
        ("x = 1", None),
        ("def (", None),
        (None, None),
    ],
)
def test_without_the_function_of_the_tests_the_last_one_is_shown_or_none(reference, header):
    assert tasks.signature_of(problem(reference=reference)) == header


def test_problems_are_asked_as_the_settings_say_on_both_sides():
    chosen = [*(f"recipes.maintainability.{key}={value!r}" for key, value in {"ask": "signature"}.items())]
    settings = resolve(overrides=[*chosen, "problems.train=2", "problems.evaluation=2"])
    made = KIND(KIND.Settings(ask="signature"), metric="structural_maintainability", seed=0).problems(settings)
    for one in (*made.train, *made.evaluation):
        assert "signature" in prompts.messages(one)[-1].content
        assert "assert" not in prompts.messages(one)[-1].content
    plain = KIND(KIND.Settings(), metric="structural_maintainability", seed=0).problems(settings)
    assert not any(one.messages for one in (*plain.train, *plain.evaluation))


def test_the_studys_profile_has_its_hyper_parameters():
    path = Path(str(recipes.__file__)).parents[1] / "settings" / "profiles" / "seed-two-stage-dpo.toml"
    values = tomllib.loads(path.read_text())
    assert values["lora"] == {"r": 16, "alpha": 32, "dropout": 0.1}
    for stage in ("dpo", "dpo_further"):
        wanted = {"epochs": 250, "learning_rate": 5e-7, "batch_size": 16, "micro_batch": 1, "beta": 0.1}
        wanted |= {"loss": ["sigmoid"]}
        wanted |= {"max_length": 1024, "holdout": 0.0, "patience": 0, "reference": "base", "eval_every": 50}
        assert {key: values[stage][key] for key in wanted} == wanted
    for stage in ("self_generate", "evaluate"):
        assert values[stage] == {"n": 10, "temperature": 0.6, "top_p": 0.9, "max_new_tokens": 1024}
    settings = resolve("seed-two-stage-dpo")
    assert (settings.metric, settings.base_model) == ("maintainability_index", "gemma3-4b")
    assert settings.teachers["endpoint"]["structured"] is True
    assert settings.teachers["endpoint"]["sampling"]["n"] == 2


@pytest.mark.parametrize("base", ["gemma3-1b", "gemma3-4b", "gemma3-12b", "qwen3-4b", "qwen2.5-coder-1.5b"])
def test_every_base_model_of_the_text_is_known(base):
    assert resolve("seed-two-stage-dpo", {"base_model": base}).base_model == base


# Near-identical pairs.

LADDER = {  # score falls from top to bottom; NEAR shares most tokens with BEST
    "BEST": "def f(x):\n    total = 1 + sum(x)\n    return total\n",
    "NEAR": "def f(x):\n    total = 1\n    total = total + sum(x)\n    total = total + 0\n    return total\n",
    "FAR": LONG,
}


def scored(metric="structural_maintainability"):
    return {name: metrics.get(metric).score(code).value for name, code in LADDER.items()}


def test_the_ladder_is_one():
    values = scored()
    assert values["BEST"] > values["NEAR"] + 3 > values["FAR"] + 6
    assert likeness(LADDER["BEST"], LADDER["NEAR"]) > 0.75 > likeness(LADDER["BEST"], LADDER["FAR"])


@pytest.mark.parametrize(("negatives", "partner"), [("worst", "FAR"), ("alike", "NEAR")])
def test_a_hard_negative_is_the_most_alike_that_is_still_worse_by_the_margin(negatives, partner):
    items = [graded(code) for code in LADDER.values()]
    (pair,) = recipe(negatives=negatives, pairs_per_problem=1).rows([problem()], items).pairs
    assert texts(pair) == (LADDER["BEST"], LADDER[partner])


def test_a_hard_negative_within_the_margin_is_none():
    gap = scored()["BEST"] - scored()["NEAR"]
    items = [graded(code) for code in LADDER.values()]
    (pair,) = recipe(negatives="alike", pairs_per_problem=1, margin=gap + 1).rows([problem()], items).pairs
    assert texts(pair)[1] == LADDER["FAR"]


@pytest.mark.parametrize("negatives", ["worst", "alike"])
def test_a_pair_that_is_too_much_alike_gets_another_partner(negatives):
    items = [graded(code) for code in LADDER.values()]
    (pair,) = recipe(negatives=negatives, pairs_per_problem=1, max_likeness=0.75).rows([problem()], items).pairs
    assert texts(pair) == (LADDER["BEST"], LADDER["FAR"])


@pytest.mark.parametrize("negatives", ["worst", "alike"])
def test_without_another_partner_it_is_dropped_with_the_reason(negatives):
    items = [graded(LADDER["BEST"]), graded(LADDER["NEAR"])]
    made = recipe(negatives=negatives, max_likeness=0.75).rows([problem()], items)
    assert made.pairs == []
    assert [item.reason for item in made.rejected] == ["too-alike"]
    assert texts(made.rejected[0].row) == (LADDER["BEST"], LADDER["NEAR"])


def test_a_wrong_program_that_is_too_much_alike_is_not_rejected_for_a_right_one():
    typo = LADDER["BEST"].replace("1 +", "2 +")
    items = [graded(LADDER["BEST"]), graded(typo, 1, "failed"), graded(WHILE, 2, "failed")]
    settings = {"correctness_share": 1, "pairs_per_problem": 1}
    (pair,) = recipe(**settings).rows([problem()], items).pairs
    assert texts(pair)[1] == typo
    (pair,) = recipe(**settings, max_likeness=0.75).rows([problem()], items).pairs
    assert texts(pair)[1] == WHILE


# The files.


@pytest.fixture
def made():
    problems = [problem(f"t{index}") for index in range(4)]
    rows = [
        graded(code, place, status, one.task_id)
        for one in problems
        for place, (code, status) in enumerate([(CALL, "passed"), (LONG, "passed"), (WHILE, "failed")])
    ]
    judges = [problem("e1", prompt="Reverse the words of a sentence.", tests=("assert g('a') == 'a'",))]
    one = recipe()
    return lambda step="filter", base="gemma3-4b": BuiltDataset(
        problems, judges, rows, one.rows(problems, rows), step, base
    )


@pytest.mark.parametrize(
    ("step", "base", "name"),
    [
        ("filter", "gemma3-4b", "global_dpo_dataset.jsonl"),
        ("self_filter", "gemma3-4b", "further_dpo_dataset_gemma3-4b.jsonl"),
        ("self_filter_2", "google/gemma-3-4b-it", "further_dpo_dataset_google-gemma-3-4b-it.jsonl"),
    ],
)
def test_the_teachers_pairs_and_the_models_own_have_their_names(made, step, base, name):
    files = recipe().files(made(step, base))
    assert list(files) == [name]
    assert name in recipe().card(made(step, base))


def test_a_row_has_three_message_lists_and_the_scores(made):
    rows = [json.loads(line) for line in recipe().files(made())["global_dpo_dataset.jsonl"].splitlines()]
    assert {row["stratum"] for row in rows} == {"quality", "correctness"}
    for row in rows:
        assert all(set(turn) == {"role", "content"} for side in ("prompt", "chosen", "rejected") for turn in row[side])
        assert "Add x up, plus one." in row["prompt"][-1]["content"]
        assert metrics.get(row["metric"]).score(extract_code(row["chosen"][0]["content"])).value == row["chosen_score"]
        assert "assert f([1]) == 2" not in json.dumps(row["prompt"])


def test_a_published_folder_is_proven_and_what_was_wrong_with_others_is_found(made, tmp_path):
    folder, one = tmp_path / "dataset", recipe()
    publish.publish(folder, one, made())
    assert list(one.validate(folder)) == []
    path = folder / "global_dpo_dataset.jsonl"
    first, *rest = [json.loads(line) for line in path.read_text().splitlines()]

    def found(**change):
        path.write_text("".join(json.dumps(row) + "\n" for row in [{**first, **change}, *rest]))
        return [str(error) for error in one.validate(folder)]

    stray = [{"role": "assistant", "content": "python\n" + first["chosen"][0]["content"].replace("```python", "```")}]
    assert first["stratum"] == "quality"
    assert "jsonl:1: prompt, chosen and rejected are not all lists" in found(chosen=first["chosen"][0]["content"])[0]
    assert "chosen and rejected are equal" in found(rejected=first["chosen"])[0]
    assert "the scores are" in found(chosen_score=99.0)[0]
    swapped = {"chosen": first["rejected"], "rejected": first["chosen"]}
    scores = {"chosen_score": first["rejected_score"], "rejected_score": first["chosen_score"]}
    assert "less than the margin" in found(**swapped, **scores)[0]
    assert "are not all lists" in found(prompt=None)[0]
    odd = [{"role": "user", "content": "line\u2028separators"}]
    path.write_text(json.dumps({**first, "prompt": odd}, ensure_ascii=False) + "\n")
    assert list(one.validate(folder)) == []
    assert "is no pair" in found(prompt=[3])[0]
    unfenced = [{"role": "assistant", "content": "python\n" + extract_code(first["chosen"][0]["content"])}]
    assert "the scores are" in found(chosen=unfenced)[0]
    assert found(chosen=stray) == []  # words around the fence are no part of the program
    del first["metric"]
    assert "has the fields" in found()[0]


def test_pairs_that_break_the_rules_are_never_published(made, tmp_path):
    one, whole = recipe(), made()
    pair = whole.rows.pairs[0]
    whole.rows.pairs[0] = pair.model_copy(update={"chosen": pair.rejected, "rejected": pair.chosen})
    with pytest.raises(InputErrors, match="the scores are"):
        publish.publish(tmp_path / "dataset", one, whole)
