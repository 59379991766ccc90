"""From folders of exercises and finished examples to problems, and every fault of published sets."""

import shutil
from collections import Counter

import pytest

from codekiln.code.mutation import compiles
from codekiln.data.near_duplicates import similar_pairs
from codekiln.errors import InputError, InputErrors
from codekiln.recipes.debugging.material import CLASSES, ErrorCounts, ExerciseMaterial
from codekiln.recipes.debugging.prompts import SYSTEM
from codekiln.recipes.debugging.source import embedded
from codekiln.recipes.debugging.tags import read_reply, read_request
from codekiln.sandbox.observe import Run, observe
from tests.recipes.debugging.making import (
    LIMITS,
    MATERIAL,
    NAMES,
    all_problems,
    edited,
    grade,
    recipe,
    reply,
    request,
    run_settings,
    write_example,
)

COLON = (("range(count):", "range(count)"), (5, "The colon is missing."))


def test_a_problem_is_a_request_with_a_right_reply(made):
    for problem in all_problems(made):
        system, user = problem.messages
        assert (system.role, system.content, user.role) == ("system", SYSTEM, "user")
        asked = read_request(user.content)
        assert asked.program == problem.grading_context["program"]
        assert asked.counts == ErrorCounts(**problem.grading_context["counts"])
        assert (problem.prompt, problem.reply, problem.stratum) == (user.content, "text", asked.counts.mix)
        assert problem.licence == ""
        known = read_reply(problem.reference)
        assert known.faults == ()
        assert len(known.lines) == asked.counts.total >= 1
        assert compiles(known.program) == (asked.counts.syntax == 0)
    assert len({problem.task_id for problem in all_problems(made)}) == len(all_problems(made)) == 3 * len(NAMES)


def test_no_exercise_and_nothing_like_one_is_on_both_sides(made):
    made_by, sets, _ = made
    assert not {problem.group for problem in sets.train} & {problem.group for problem in sets.evaluation}
    assert not similar_pairs(
        *([made_by.dedup_text(problem) for problem in side] for side in (sets.train, sets.evaluation))
    )
    assert len({problem.group for problem in sets.evaluation}) == round(0.3 * len(NAMES))


def test_near_duplicates_of_exercises_share_a_side(few, tmp_path):
    folder = shutil.copytree(few, tmp_path / "content")
    for name in NAMES[:3]:
        text = (folder / f"{name}.toml").read_text()
        (folder / f"{name}-again.toml").write_text(text.replace("program = '''\n", "program = '''\n# again\n"))
    sets = recipe(content=str(folder), requests_per_exercise=1, mutations_tried=1, most_errors=1).problems(
        run_settings()
    )
    for side in (sets.train, sets.evaluation):
        names = {problem.grading_context["exercise"] for problem in side}
        assert {name for name in NAMES if name in names} == {name for name in NAMES if f"{name}-again" in names}


def test_classes_mixes_and_kinds_of_exceptions_are_balanced(made):
    """Published rows had nothing but NameError and TypeError."""
    counts = Counter({name: sum(row.grading_context["counts"][name] for row in all_problems(made)) for name in CLASSES})
    assert max(counts.values()) <= 1.5 * min(counts.values())
    assert len(Counter(problem.stratum for problem in all_problems(made))) == 7
    kinds = Counter(kind for problem in all_problems(made) for kind in problem.grading_context["kinds"])
    assert len(kinds) >= 20
    assert max(kinds.values()) <= 4


def test_the_same_seed_gives_the_same_problems(few):
    own = {"content": str(few), "requests_per_exercise": 2, "mutations_tried": 1}
    first, second = (recipe(**own).problems(run_settings()) for _ in range(2))
    assert first == second
    assert recipe(**own).sources() == recipe(**own).sources()
    assert set(recipe(**own).sources()) == {"content"}
    assert recipe().sources() == {}


def test_sizes_are_held_and_no_more_exercises_are_tried_than_they_need(content):
    own = {"content": str(content), "requests_per_exercise": 2, "mutations_tried": 1, "most_errors": 1}
    sets = recipe(**own).problems(run_settings(train=3, evaluation=3))
    assert (len(sets.train), len(sets.evaluation)) == (3, 3)
    assert len({problem.grading_context["exercise"] for problem in sets.train}) == 3
    assert {problem.task_id[-2:] for problem in sets.evaluation} == {"/1", "/2"}


def test_exercises_that_cannot_be_used_are_rejected_and_kept(few, tmp_path):
    folder = shutil.copytree(few, tmp_path / "content")
    bad = {"broken": "if x", "random": "import uuid\nprint(uuid.uuid4())", "long": "print(1)\n" * 90}
    bad["hungry"] = "print(input())\nprint(input())"
    for name, program in bad.items():
        stdin = "stdin = ['1']\n" if name == "hungry" else ""
        text = f"description = 'The exercise {name}.'\nprogram = '''\n{program}\n'''\n{stdin}"
        (folder / f"{name}.toml").write_text(text)
    own = {"requests_per_exercise": 1, "mutations_tried": 1, "most_errors": 1, "max_program_characters": 600}
    sets = recipe(content=str(folder), **own).problems(run_settings())
    found = {item.row.task_id: item.reason for item in sets.rejected}
    assert (
        found.items()
        >= {
            "debugging/broken": "does-not-parse",
            "debugging/random": "not-deterministic",
            "debugging/long": "program-too-long",
            "debugging/hungry": "wants-more-input",
        }.items()
    )
    assert all(item.row.grading_context["why"] for item in sets.rejected)


SUBTLE = (("total + prices[name]", "total - prices[name]"), (8, "It subtracts: `-` instead of `+`."))


BADLY_LABELLED = {
    "locations-differ": (ErrorCounts(syntax=1), reply(edited(COLON[0]), COLON[1]).replace("ion>5<", "ion>6<")),
    "runtime-count": (ErrorCounts(1, 1, 0), reply(edited(COLON[0]), COLON[1])),
    "wrong-line": (ErrorCounts(syntax=1), reply(edited(COLON[0]), COLON[1], (8, "The price is subtracted."))),
    "nothing-changed": (ErrorCounts(syntax=1), reply(MATERIAL.program, COLON[1])),
    "hidden-change": (ErrorCounts(1, 0, 1), reply(edited(COLON[0], SUBTLE[0]), COLON[1])),
    "construct-not-named": (ErrorCounts(syntax=1), reply(edited(COLON[0]), (5, "This is a logical error."))),
}


@pytest.fixture
def examples(tmp_path, few):
    folder = tmp_path / "fine-tuning-examples"
    shutil.copytree(few, tmp_path / "content")
    good = reply(edited(COLON[0], SUBTLE[0]), COLON[1], SUBTLE[1])
    escaped = good.replace("&", "&amp;").replace("total < 100", "total &lt; 100")
    write_example(folder, "training", 1, request(ErrorCounts(1, 0, 1)), escaped)
    for number, (counts, assistant) in enumerate(BADLY_LABELLED.values(), start=2):
        write_example(folder, "training", number, request(counts), assistant)
    other = next(item for item in embedded() if item.name == "times-table")
    bugged = other.program.replace("(", "((", 1)
    said = reply(bugged, (1, "The bracket `(` is not closed."))
    write_example(folder, "test", 1, request(ErrorCounts(syntax=1), other), said)
    return folder


def imported(folder, **own):
    return recipe(examples=str(folder), content=str(folder.parent / "content"), requests_per_exercise=0, **own)


def test_finished_examples_are_kept_when_the_proof_bears_them_out(examples):
    """Three of fifty-three published rows had a correct program that does not parse, and one that fails."""
    broken = {20: ("print('a'", "does-not-parse"), 21: ("print(1 / 0)", "does-not-run"), 22: ("f(a)", "does-not-run")}
    for number, (program, _) in broken.items():
        said = reply(program + "\nx = (", (2, "The bracket is not closed."))
        user = request(ErrorCounts(syntax=1), ExerciseMaterial("m", "d", program))
        write_example(examples, "training", number, user, said)
    sets = imported(examples).problems(run_settings())
    assert [problem.task_id for problem in sets.train] == ["debugging/examples/training/1"]
    assert [problem.task_id for problem in sets.evaluation] == ["debugging/examples/test/1"]
    assert sets.train[0].messages[0].content == SYSTEM
    assert read_reply(sets.train[0].reference).program == edited(COLON[0], SUBTLE[0])
    assert "<" in sets.train[0].grading_context["program"]
    found = {item.row.task_id.rpartition("/")[2]: item for item in sets.rejected}
    assert len(found) == len(BADLY_LABELLED) + len(broken)
    for number, reason in enumerate(BADLY_LABELLED, start=2):
        assert reason in found[str(number)].row.grading_context["why"]
    assert {number: found[str(number)].reason for number in broken} == {
        key: reason for key, (_, reason) in broken.items()
    }


def test_an_example_on_both_sides_is_turned_away_from_training(examples):
    write_example(examples, "test", 2, request(ErrorCounts(syntax=1)), reply(edited(COLON[0]), COLON[1]))
    with pytest.raises(InputError, match="there are no training exercises: .*on-both-sides"):
        imported(examples).problems(run_settings())


def test_an_example_that_comes_twice_is_taken_once(examples):
    for role in ("user", "assistant"):
        shutil.copy(examples / "training" / role / "1.txt", examples / "training" / role / "77.txt")
    sets = imported(examples).problems(run_settings())
    assert [problem.task_id for problem in sets.train] == ["debugging/examples/training/1"]
    reasons = {item.row.task_id: item.reason for item in sets.rejected}
    assert reasons["debugging/examples/training/77"] == "repeated"


def test_examples_and_exercises_are_read_before_complaining(tmp_path):
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "bad.toml").write_text("x")
    with pytest.raises(InputErrors) as caught:
        recipe(content=str(tmp_path / "content"), examples=str(tmp_path / "none")).problems(run_settings())
    assert len(caught.value.errors) == 2


def test_numbers_of_examples_are_settings(examples):
    with pytest.raises(InputErrors, match="9 training examples are asked for, and there are 7"):
        imported(examples, number_training_examples=9).problems(run_settings())


@pytest.mark.slow
def test_the_shipped_exercises_make_a_balanced_set_of_many_exceptions():
    made_by = recipe()
    sets = made_by.problems(run_settings())
    everything = [*sets.train, *sets.evaluation]
    assert sets.rejected == []
    assert len(everything) == 3 * len(embedded())
    counts = Counter({name: sum(row.grading_context["counts"][name] for row in everything) for name in CLASSES})
    assert max(counts.values()) <= 1.2 * min(counts.values())
    strata = Counter(row.stratum for row in everything)
    assert max(strata.values()) - min(strata.values()) <= 4
    assert max(len("".join(m.content for m in row.messages) + row.reference) for row in everything) < 2300
    alone = [row for row in everything if row.stratum == "runtime"]
    runs = [
        Run(read_reply(row.reference).program, stdin=text) for row in alone for text in row.grading_context["stdins"]
    ]
    errors = Counter(seen.error for seen in observe(runs, limits=LIMITS) if seen.ending == "raised")
    assert {"NameError", "TypeError", "IndexError", "ZeroDivisionError", "AttributeError"} <= errors.keys()
    assert len(errors) >= 6
    graded = grade(made_by, everything, made_by.references(everything)["engine"])
    assert [row.verdict.detail for row in graded if not row.verdict.passed] == []
