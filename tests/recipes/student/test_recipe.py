"""The recipe student, from a small course to rows that can be trained on, scores and files."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codekiln import models, recipes, teachers
from codekiln.data.records import Sample
from codekiln.errors import InputError
from codekiln.evaluation.summary import evaluate
from codekiln.models.chat_tokenizer import load_chat_tokenizer
from codekiln.recipes.student.course import write_questions, write_streams
from codekiln.recipes.student.recipe import Settings, Student
from codekiln.recipes.student.schema import KINDS, read_rows
from codekiln.recipes.student.split import CELLS
from codekiln.recipes.student.templates import TEMPLATES
from codekiln.recipes.types import BuiltDataset
from codekiln.sandbox.limits import Limits
from codekiln.settings.resolve import resolve
from codekiln.training.row_validation import IGNORED, validate_rows
from tests.recipes.student.small_course import QUESTIONS, RIGHT, WRONG, course
from tests.running import codekiln

LIMITS = Limits(cpu_seconds=1, wall_seconds=5.0)
reply = TEMPLATES["tags"].reply
SHORT = [
    "problems.train=24", "problems.evaluation=30", "evaluate.n=2", "evaluate.max_new_tokens=60", "sft.epochs=1",
    "evaluation.resamples=200", "recipes.student.students=10", "recipes.student.max_characters=1200",
]  # fmt: skip
SHARES = {"new_students": 0.2, "new_problems": 0.34, "held_out_streams": 0.25}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("course")
    (path / "streams.jsonl").write_text(write_streams(course(8).streams))
    (path / "problems.json").write_text(write_questions(QUESTIONS))
    return path


def recipe_for(folder, **own) -> Student:
    return Student(Settings(source=str(folder), **(SHARES | own)), metric="ast_distance", seed=0)


def problems_of(recipe, **sizes):
    sets = [f"problems.{side}={size}" for side, size in sizes.items()]
    sets += ["sandbox.cpu_seconds=1", "problems.evaluation=100"][: 1 if "evaluation" in sizes else 2]
    return recipe.problems(resolve("laptop", {"recipe": "student"}, sets))


def graded(recipe, problems, samples):
    return recipe.grade(problems, samples, workers=1, limits=LIMITS, label="")


def made_of(recipe, sets):
    teacher = teachers.get("reference")
    samples = [one for _, many in recipe.generate(sets.train, teacher(teacher.Settings(), seed=0)) for one in many]
    found = graded(recipe, sets.train, samples)
    return BuiltDataset(sets.train, sets.evaluation, found, recipe.rows(sets.train, found))


@pytest.fixture(scope="module")
def plain(folder):
    recipe = recipe_for(folder)
    return recipe, problems_of(recipe)


def replies(problem, codes, model="sft", submitted=False):
    return [Sample(task_id=problem.task_id, solution=reply(code, submitted), model=model) for code in codes]


def of_question(sets, name, error=None):
    return next(
        row
        for row in sets.evaluation
        if row.grading_context["question"] == name and error in (None, row.grading_context["real"]["outcome"]["error"])
    )


def test_problems_carry_the_conversation_the_cell_and_what_judges(plain):
    _, sets = plain
    assert {row.stratum for row in sets.train} == {None}
    assert {row.stratum for row in sets.evaluation} <= set(CELLS)
    assert len({row.stratum for row in sets.evaluation}) >= 3
    for row in [*sets.train, *sets.evaluation]:
        assert row.reply == "text"
        assert row.messages[-1].content == row.prompt
        assert row.grading_context["real"]["code"] not in row.prompt.rpartition("SUBMISSIONS:")[2]
    assert not {row.group for row in sets.train} & {row.group for row in sets.evaluation}


def test_no_student_id_is_shown_to_a_model_and_pseudonyms_are_used(plain):
    _, sets = plain
    text = "".join(message.content for row in [*sets.train, *sets.evaluation] for message in row.messages)
    ids = {row.grading_context["student"] for row in [*sets.train, *sets.evaluation]}
    assert not any(student in text for student in ids)
    assert not any(student.startswith("ann") for student in ids)


def test_rows_can_be_trained_on_the_loss_is_on_the_submission_and_the_end_is_learned(plain):
    recipe, sets = plain
    rows = made_of(recipe, sets).rows
    chat = load_chat_tokenizer(models.get("tiny"))
    validated = validate_rows(rows.examples, chat, 1024, "examples")
    assert len(validated.rows) == len(sets.train) == len(rows.examples)
    for problem, row in zip(sets.train, validated.rows, strict=True):
        learned = [token for token in row["labels"] if token != IGNORED]
        assert chat.decode(learned) == problem.reference + chat.end_of_turn
        start = len(row["labels"]) - len(learned)
        assert row["labels"][:start] == [IGNORED] * start
        assert row["input_ids"][start:] == learned


def test_a_row_too_long_is_cut_in_its_context_and_never_in_its_target(folder):
    recipe = recipe_for(folder, context=True, k=3, past_problems=2)
    whole = problems_of(recipe)
    sizes = [sum(len(turn.content) for turn in row.messages) + len(row.reference) for row in whole.train]
    room = max(sizes) - 1
    cut = problems_of(recipe_for(folder, context=True, k=3, past_problems=2, max_characters=room))
    assert [row.reference for row in cut.train] == [row.reference for row in whole.train]
    for row, before in zip(cut.train, whole.train, strict=True):
        assert sum(len(turn.content) for turn in row.messages) + len(row.reference) <= room
        assert row.prompt.count("<code>") <= before.prompt.count("<code>")
    assert any(row.prompt != before.prompt for row, before in zip(cut.train, whole.train, strict=True))


def test_a_row_that_cannot_be_cut_enough_is_turned_away(folder):
    sets = problems_of(recipe_for(folder, max_characters=500))
    reasons = {item.reason for item in sets.rejected}
    assert "too-long" in reasons
    assert all(len(row.prompt) + len(row.reference) <= 500 for row in [*sets.train, *sets.evaluation])


def test_real_submissions_are_a_contender_without_error_against_themselves(plain):
    recipe, sets = plain
    (name, samples), = recipe.references(sets.evaluation).items()  # fmt: skip
    assert name == "real"
    for row in graded(recipe, sets.evaluation, samples):
        assert row.verdict.passed
        assert row.score("ast_distance") == row.score("pass_rate_error") == 0
        assert row.score("error_class_match") == row.score("submit_match") == 1
        assert row.score("coverage") in (1, None)
        assert all(score.value in (0, None) for score in row.scores if score.metric.endswith("_error"))


def test_every_reply_has_a_score_of_every_measure_or_a_reason(plain):
    recipe, sets = plain
    problem = of_question(sets, "double")
    codes = [RIGHT, WRONG, "def double(x)", "while True:\n    pass"]
    broken = Sample(task_id=problem.task_id, solution="", model="sft")
    names = {measure.name for measure in recipe.measures}
    for row in graded(recipe, sets.evaluation, [*replies(problem, codes), broken]):
        assert {score.metric for score in row.scores} == names
        assert all(score.value is not None or score.reason for score in row.scores)
    assert {share for shares in recipe.distances.values() for share in shares} <= names


def test_a_reply_that_fails_takes_no_value_from_the_real_submission(plain):
    recipe, sets = plain
    problem = of_question(sets, "double", "none")
    names = [measure.name for measure in recipe.measures]
    crash = graded(recipe, sets.evaluation, replies(problem, ["import os\nos._exit(1)"]))
    real = graded(recipe, sets.evaluation, recipe.references([problem])["real"])
    result = evaluate({"real": real, "sft": crash}, names, reference="real", resamples=100)
    values = result.per_problem.get(problem.task_id, result.per_problem)
    assert values["real"][problem.task_id]["pass_rate"] == 1
    assert values["sft"][problem.task_id]["pass_rate"] == 0
    assert values["sft"][problem.task_id]["runtime_errors"] == 1


def test_error_classes_are_shares_that_add_up_and_match_the_real_class(plain):
    recipe, sets = plain
    problem = of_question(sets, "double", "none")
    rows = graded(recipe, sets.evaluation, replies(problem, [RIGHT, WRONG, "def double(x)"]))
    shares = recipe.distances["error_class_distance"]
    for row in rows:
        assert sum(row.score(share) for share in shares) == 1
    assert [row.score("error_class_match") for row in rows] == [1, 0, 0]
    assert [row.score("pass_rate_error") for row in rows] == [0, 0.5, 1]


def test_coverage_and_diversity_belong_to_the_replies_of_a_row_and_model(plain):
    recipe, sets = plain
    problem = of_question(sets, "double", "none")
    far = "class A:\n    def b(self):\n        with c as d:\n            yield from d"
    real = problem.grading_context["real"]["code"]
    one = replies(problem, [real, far], "one")
    other = replies(problem, [far, far], "other")
    found = graded(recipe, sets.evaluation, [one[0], other[0], one[1], other[1]])
    assert [row.score("coverage") for row in found] == [1, 0, 1, 0]
    assert found[0].score("diversity") == found[2].score("diversity") > 0
    assert found[1].score("diversity") == 0


def test_replies_that_break_the_form_are_not_valid_but_measured(plain):
    recipe, sets = plain
    problem = of_question(sets, "double", "none")
    (row,) = graded(recipe, sets.evaluation, [Sample(task_id=problem.task_id, solution=RIGHT, model="base")])
    assert (row.verdict.status, row.score("valid"), row.score("pass_rate")) == ("invalid", 0, 1)
    assert "code block" in row.verdict.detail


def test_the_step_is_measured_from_the_submission_before(plain):
    recipe, sets = plain
    problem = next(row for row in sets.evaluation if row.grading_context["real"]["before"])
    before = problem.grading_context["real"]["before"]
    (same,) = graded(recipe, sets.evaluation, replies(problem, [before]))
    assert same.score("edit_distance") == 0
    assert same.score("edit_distance_error") > 0
    first = next(row for row in sets.evaluation if not row.grading_context["real"]["before"])
    (none,) = graded(recipe, sets.evaluation, replies(first, [RIGHT]))
    assert none.score("edit_distance") is none.score("edit_distance_error") is None


def test_pairs_prefer_the_real_submission_over_an_earlier_one_of_another_grade(plain):
    recipe, sets = plain
    rows = made_of(recipe, sets).rows
    by_id = {row.task_id: row for row in sets.train}
    assert rows.pairs
    for pair in rows.pairs:
        problem = by_id[pair.task_id]
        assert pair.chosen[0].content == problem.reference
        assert pair.rejected != pair.chosen
        assert pair.chosen_score != pair.rejected_score
        assert pair.prompt == problem.messages
    assert not made_of(recipe_for(recipe.settings.source, pairs=False), sets).rows.pairs


def test_a_models_own_replies_are_rejected_against_the_real_ones_where_grades_differ(plain):
    recipe, sets = plain
    problem = next(row for row in sets.train if row.grading_context["question"] == "double")
    real = problem.grading_context["real"]["outcome"]
    other = RIGHT if real["passed"] == 0 else "x = 1"
    samples = replies(problem, [other], "tiny") + [Sample(task_id=problem.task_id, solution="nothing", model="tiny")]
    rows = recipe.rows([problem], graded(recipe, [problem], samples))
    assert [pair.rejected[0].content for pair in rows.pairs] == [reply(other, False)]
    assert rows.examples == []
    assert [item.reason for item in rows.rejected] == ["not-valid"]


def test_where_no_reply_of_a_model_has_another_grade_the_earlier_submission_is_rejected(plain):
    recipe, sets = plain
    problem = next(row for row in sets.train if row.grading_context["other_grade"])
    broken = [Sample(task_id=problem.task_id, solution="nothing", model="tiny")]
    (pair,) = recipe.rows([problem], graded(recipe, [problem], broken)).pairs
    assert pair.rejected[0].content == problem.grading_context["other_grade"]["reply"]


def test_feedback_shows_earlier_submissions_as_turns(folder):
    recipe = recipe_for(folder, feedback=True, k=2)
    sets = problems_of(recipe)
    later = [row for row in sets.train if row.grading_context["attempt"] == 2]
    assert later
    for row in later:
        roles = [turn.role for turn in row.messages]
        assert roles == ["user", "assistant", "user", "assistant", "user"]
        assert row.messages[2].content.startswith("GRADER FEEDBACK:\n")
        assert "tests pass" in row.messages[2].content
    rows = made_of(recipe, sets).rows
    chat = load_chat_tokenizer(models.get("tiny"))
    for problem, row in zip(sets.train, validate_rows(rows.examples, chat, 2048, "examples").rows, strict=True):
        learned = [token for token in row["labels"] if token != IGNORED]
        assert chat.decode(learned) == problem.reference + chat.end_of_turn


def test_feedback_without_tests_or_in_experiment_1_is_refused(folder, tmp_path):
    with pytest.raises(InputError, match="experiment 1"):
        problems_of(recipe_for(folder, feedback=True, experiment=1))
    (tmp_path / "streams.jsonl").write_text(write_streams(course(8).streams))
    untested = {name: row.model_copy(update={"doctests": "", "tests": ()}) for name, row in QUESTIONS.items()}
    (tmp_path / "problems.json").write_text(write_questions(untested))
    with pytest.raises(InputError, match="no tests"):
        problems_of(recipe_for(tmp_path, feedback=True))
    sets = problems_of(recipe_for(tmp_path))
    recipe = recipe_for(tmp_path)
    (row,) = graded(recipe, sets.evaluation, replies(sets.evaluation[0], [RIGHT]))
    assert row.score("pass_rate") is row.score("no_errors") is None
    assert row.score("ast_distance") is not None
    assert "Without tests" in recipe.card(BuiltDataset([], [], [], recipe.rows([], [])))


@pytest.mark.parametrize(
    "own", [{"experiment": 1}, {"experiment": 1, "context": True}, {"context": True, "k": 3}, {"k": 5}]
)
def test_every_variant_gives_problems_for_both_sides(folder, own):
    sets = problems_of(recipe_for(folder, **own))
    assert sets.train
    assert sets.evaluation
    has_context = any("PAST PROBLEM" in row.messages[0].content for row in sets.train)
    assert has_context == bool(own.get("context"))


def test_sizes_are_kept_and_cells_are_even(folder):
    sets = problems_of(recipe_for(folder), train=5, evaluation=8)
    assert (len(sets.train), len(sets.evaluation)) == (5, 8)
    counts = [sum(row.stratum == cell for row in sets.evaluation) for cell in CELLS]
    assert max(counts) <= 3


def test_the_same_seed_gives_the_same_problems(folder, plain):
    assert problems_of(recipe_for(folder)) == plain[1]


def test_the_files_of_the_text_are_written_read_and_valid(plain, tmp_path):
    recipe, sets = plain
    made = made_of(recipe, sets)
    for name, content in recipe.files(made).items():
        (tmp_path / name).write_text(content)
    names = {path.name for path in tmp_path.iterdir()}
    assert {
        "train_exp1_without_context.json",
        "train_exp1_with_context.json",
        "train_exp2_without_context_k1.json",
        "train_exp2_without_context_k3.json",
        "train_exp2_with_context_k1.json",
        "train_exp2_with_context_k3.json",
        "problems.json",
    } <= names
    assert {f"test_exp1_with_context_{cell}.json" for cell in CELLS} <= names
    assert list(recipe.validate(tmp_path)) == []
    rows = read_rows(tmp_path / "train_exp2_without_context_k1.json", 2)
    assert len(rows) == len(sets.train)
    assert isinstance(rows[0], KINDS[2])
    again = recipe_for(tmp_path, new_students=0.3)
    assert problems_of(again).train


def test_leaks_and_wrong_rows_in_the_files_are_found(plain, tmp_path):
    recipe, sets = plain
    files = recipe.files(made_of(recipe, sets))
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    held = tmp_path / "test_exp2_with_context_k1_old-student-old-problem.json"
    train = tmp_path / "train_exp2_with_context_k1.json"
    stolen, rows = json.loads(held.read_text())[0], json.loads(train.read_text())
    rows[0]["INPUT"]["past_problem_submissions"] = [
        {"question_name": stolen["INPUT"]["question_name"], "submissions": ["x"]}
    ]
    rows[0]["INPUT"]["student_id"] = stolen["INPUT"]["student_id"]
    train.write_text(json.dumps([*rows, stolen]))
    broken = tmp_path / "train_exp1_with_context.json"
    broken.write_text(json.dumps([{"INPUT": {}, "OUTPUT": "x"}]))
    (tmp_path / "train_exp9_odd.json").write_text("[]")
    found = [str(error) for error in recipe.validate(tmp_path)]
    for says in ("also judges", "which judges", "nearly repeats", f"{broken}: row 1.INPUT", "no file of this recipe"):
        assert any(says in error for error in found), says


def test_a_source_that_changed_after_its_problems_were_made_is_refused(plain, tmp_path):
    recipe, sets = plain
    (tmp_path / "problems.json").write_text(write_questions(QUESTIONS))
    (tmp_path / "streams.jsonl").write_text(write_streams(course(5).streams))
    made = made_of(recipe, sets)
    with pytest.raises(InputError, match="has changed"):
        recipe_for(tmp_path).files(made)


def test_the_card_says_what_a_row_is_and_how_many_there_are(plain):
    recipe, sets = plain
    card = recipe.card(made_of(recipe, sets))
    assert f"{len(sets.train)} train" in card
    assert "Students bear numbers" in card
    assert "train_exp2_without_context_k1.json" in card


def test_embeddings_can_measure_distance(folder):
    recipe = recipe_for(folder, embedding_model="tiny")
    sets = problems_of(recipe, train=4, evaluation=6)
    rows = graded(recipe, sets.evaluation, recipe.references(sets.evaluation)["real"])
    assert all(row.score("ast_distance") == pytest.approx(0, abs=1e-4) for row in rows)
    assert all(row.grading_context["real"]["radius"] is not None for row in sets.evaluation)


@given(st.text(max_size=200))
def test_no_reply_breaks_the_verdict(text):
    from codekiln.recipes.student.grading import Judged
    from codekiln.recipes.student.recipe import _verdict

    verdict = _verdict(Judged(Sample(task_id="t", solution=text), TEMPLATES["tags"].read_reply(text), None))
    assert verdict.passed == (not verdict.detail)


def test_the_recipe_is_found_and_its_settings_explain_themselves():
    assert recipes.get("student") is Student
    assert all(field.description for field in Settings.model_fields.values())
    assert {Student.target, Student.guard} <= {measure.name for measure in Student.measures}


@pytest.mark.parametrize("profile", ["laptop", "cluster", "seed-student"])
def test_profiles_fit_the_recipe(profile):
    settings = resolve(profile, {"recipe": "student"})
    assert settings.metric == "ast_distance"
    assert settings.teacher == "reference"
    if profile == "seed-student":
        assert (settings.lora.r, settings.lora.alpha, settings.lora.dropout) == (16, 32, 0.05)
        assert (settings.sft.learning_rate, settings.sft.epochs, settings.sft.max_length) == (1e-4, 1, 8192)
        assert (settings.sft.batch_size, settings.sft.micro_batch) == (16, 4)
        assert (settings.evaluate.temperature, settings.evaluate.top_p) == (0.7, 0.8)


@pytest.mark.slow
def test_the_laptop_profile_trains_and_judges_by_realism(tmp_path):
    done = codekiln("run", "instruct", "--recipe", "student", "--workdir", str(tmp_path / "run"), settings=SHORT)
    assert done.returncode in (0, 1), done.stdout + done.stderr  # the gate may say no
    found = json.loads((tmp_path / "run" / "results.json").read_text())
    assert set(found["contenders"]) == {"real", "base", "sft"}
    measures = {measure.name for measure in Student.measures} | set(Student.distances)
    for name, values in found["contenders"].items():
        assert measures <= set(values)
        assert values["ast_distance"]["low"] <= values["ast_distance"]["mean"] <= values["ast_distance"]["high"], name
    assert found["contenders"]["real"]["error_class_distance"]["mean"] == 0
    checked = codekiln("validate", str(tmp_path / "run" / "filter" / "dataset"), settings=[])
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["experiment=1", "context=true", "feedback=true"])
def test_data_of_every_kind_is_made_and_valid(tmp_path, variant):
    sets = [*SHORT, f"recipes.student.{variant}"]
    done = codekiln("run", "data", "--recipe", "student", "--workdir", str(tmp_path / "run"), settings=sets)
    assert done.returncode == 0, done.stdout + done.stderr
    made = tmp_path / "run" / "filter" / "dataset"
    assert json.loads((made / "manifest.json").read_text())["rows"]["train"] == 24
    assert len(read_rows(made / "train_exp1_with_context.json", 1)) > 24
