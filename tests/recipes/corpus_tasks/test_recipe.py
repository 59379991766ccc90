"""The recipe on a small corpus from files to data set, and each way in which the published one was wrong."""

import ast
import json
from collections import Counter, defaultdict

import pytest
from hypothesis import HealthCheck, given, reject
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from codekiln import recipes, teachers
from codekiln.data import near_duplicates, prompts
from codekiln.data.records import Graded, Problem, Sample
from codekiln.errors import InputError
from codekiln.recipes.corpus_tasks.export import ALL, KEYS, TEST, TRAIN
from codekiln.recipes.corpus_tasks.prompts import CATEGORIES, fenced
from codekiln.recipes.corpus_tasks.reply_parser import Reply
from codekiln.recipes.corpus_tasks.split import Wanted, divide
from codekiln.recipes.types import BuiltDataset
from codekiln.sandbox.limits import Limits
from codekiln.settings import profiles
from codekiln.settings.resolve import resolve, validate
from tests.recipes.corpus_tasks import small

KIND = recipes.get("corpus-tasks")
LIMITS = Limits(cpu_seconds=2, wall_seconds=8.0)
SIZES = {"train": 40, "evaluation": 10}


def recipe(seed=0, **fields):
    return KIND(KIND.Settings(**fields), metric="behaviour", seed=seed)


def run_settings(corpus, teacher="reference", problems=SIZES, **own):
    return validate({
        "recipe": "corpus-tasks", "teacher": teacher, "workers": 1, "problems": problems,
        "recipes": {"corpus-tasks": {"corpus": str(corpus)} | own}, "sandbox": {"cpu_seconds": 2, "wall_seconds": 8.0},
    })  # fmt: skip


def sets_of(corpus, problems=SIZES, seed=0, **own):
    return recipe(seed, corpus=str(corpus), **own).problems(run_settings(corpus, problems=problems, **own))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return small.write(tmp_path_factory.mktemp("corpus"), bad=True)


@pytest.fixture(scope="module")
def sets(corpus):
    return sets_of(corpus)


def grade(made_by, problems, samples):
    return made_by.grade(problems, samples, workers=1, limits=LIMITS, label="")


def reference_samples(made_by, problems):
    return [sample for _, samples in made_by.reference_samples(problems) for sample in samples]


@pytest.fixture(scope="module")
def made(corpus, sets):
    one = recipe(corpus=str(corpus))
    graded = grade(one, sets.train, reference_samples(one, sets.train))
    return BuiltDataset(sets.train, sets.evaluation, graded, one.rows(sets.train, graded))


@pytest.fixture
def folder(made, tmp_path):
    for name, text in recipe().files(made).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def complaints(folder, **own):
    return [str(error) for error in recipe(**own).validate(folder)]


def change(folder, name, edit):
    rows = json.loads((folder / name).read_text())
    edit(rows)
    (folder / name).write_text(json.dumps(rows))
    both = [row for part in (TRAIN, TEST) for row in json.loads((folder / part).read_text())]
    (folder / ALL).write_text(json.dumps(both))


def test_counts_are_exact_on_both_sides(sets):
    for rows, each in ((sets.train, 8), (sets.evaluation, 2)):
        assert Counter(row.stratum for row in rows) == dict.fromkeys(CATEGORIES, each)


def divided(sets, train=None, evaluation=None, shares=None, seed=0, spare=0.0):
    """Divide what there is anew, without finding it out anew."""
    rows = [*sets.train, *sets.evaluation, *(item.row for item in sets.rejected if item.reason == "not-needed")]
    return divide(rows, Wanted(train, evaluation, 0.3, shares or dict.fromkeys(CATEGORIES, 1.0), spare), seed)


def test_proportions_can_be_any_and_are_exact(sets):
    found = divided(sets, 12, 4, {"docstring": 3, "bugfix": 1})
    assert Counter(row.stratum for row in found.train) == {"docstring": 9, "bugfix": 3}
    assert Counter(row.stratum for row in found.evaluation) == {"docstring": 3, "bugfix": 1}


def test_without_sizes_the_largest_sets_with_the_proportions_are_made(sets):
    shares = {"complete": 1, "unit_test": 1}
    found = divided(sets, shares=shares)
    for rows in (found.train, found.evaluation):
        counts = Counter(row.stratum for row in rows)
        assert abs(counts["complete"] - counts["unit_test"]) <= 1
    assert min(Counter(row.stratum for row in found.left)[name] for name in shares) <= 2


def test_too_many_fail_with_the_numbers(sets):
    with pytest.raises(InputError) as error:
        divided(sets, 400, 10)
    assert error.value.where == "problems.train"
    assert "unit_test 80 of" in error.value.what
    assert "ask for at most" in error.value.fix


def test_no_file_and_no_nearly_equal_function_is_on_both_sides(sets):
    sides = [{row.grading_context["file"] for row in rows} for rows in (sets.train, sets.evaluation)]
    assert not sides[0] & sides[1]
    assert not {row.group for row in sets.train} & {row.group for row in sets.evaluation}
    texts = [[row.grading_context["text"] for row in rows] for rows in (sets.train, sets.evaluation)]
    assert near_duplicates.near(*texts, threshold=0.5) == []


def test_nearly_equal_functions_of_two_files_are_one_group(corpus, tmp_path):
    folder = small.write(tmp_path)
    text = (folder / "codes/shift.py").read_text().replace("% 26 + 97", "% 26 + 97 + 0").replace("def runs", "def rows")
    (folder / "copy.py").write_text(text)
    shares = {"docstring": 1, "explain": 1}
    found = sets_of(
        folder, {"evaluation_fraction": 0.3}, duplicate=1.0, shares=shares, include=["copy.py", "co*", "li*"]
    )
    groups = {
        row.group
        for row in [*found.train, *found.evaluation]
        if row.grading_context["file"] in ("codes/shift.py", "copy.py")
    }
    assert len(groups) == 1


def test_a_renamed_copy_in_another_file_is_in_one_group(tmp_path):
    folder = small.write(tmp_path)
    text = (folder / "text/count.py").read_text()
    for name in ("VOWELS", "is_vowel", "letter", "text", "total", "longest_word", "best", "word", "line"):
        text = text.replace(name, f"x{len(name)}{name[1]}")
    (folder / "copy.py").write_text(text)
    found = sets_of(folder, {"evaluation_fraction": 0.3}, shares={"docstring": 1, "explain": 1})
    rows = [*found.train, *found.evaluation, *(item.row for item in found.rejected if item.reason == "not-needed")]
    assert {row.group for row in rows if row.grading_context["file"] in ("text/count.py", "copy.py")} == {"copy.py"}


def test_what_is_left_out_has_a_reason_and_is_kept(sets):
    reasons = defaultdict(set)
    for item in sets.rejected:
        reasons[item.reason].add(item.row.task_id)
    assert "broken.py" in reasons["not-python"]
    assert "tests/helpers.py" in reasons["test-file"]
    assert "more.py:22:reads_a_file" in reasons["cannot-run-impure"]
    assert reasons["near-duplicate"] < {"more.py:78:shift", "codes/shift.py:1:shift"}
    assert len(reasons["near-duplicate"]) == 1
    assert "more.py:6:unfinished" in reasons["unfinished"]
    assert "more.py:62:always_one" in reasons["cannot-run-one-outcome"]


def test_every_reference_would_be_taken_and_every_bug_refused(sets):
    one, problems = recipe(), [*sets.train, *sets.evaluation]
    for item in grade(one, problems, reference_samples(one, problems)):
        assert item.verdict.passed
        assert item.score("behaviour") in (1.0, None)
        assert item.score("style_score") > 0.7
    bugged = [Sample(task_id=row.task_id, solution=f"The bug is fixed now.\n{fenced(row.grading_context['shown'])}")
              for row in problems if row.stratum == "bugfix"]  # fmt: skip
    assert {(item.verdict.status, item.score("behaviour")) for item in grade(one, problems, bugged)} == {
        ("failed", 0.0)
    }


def test_behaviour_has_a_value_exactly_where_something_can_be_run(sets):
    one = recipe()
    for item in grade(one, sets.evaluation, reference_samples(one, sets.evaluation)):
        is_run = item.sample.task_id.split("/")[0] in ("bugfix", "complete", "unit_test")
        assert (item.score("behaviour") is None) is not is_run
        assert {score.metric for score in item.scores} == {measure.name for measure in KIND.measures}


def test_bugs_leave_comments_strings_and_docstrings_alone(sets):
    for row in [*sets.train, *sets.evaluation]:
        if row.stratum == "bugfix":
            before, after = (ast.parse(row.grading_context[name]) for name in ("text", "shown"))
            assert ast.get_docstring(before.body[0]) == ast.get_docstring(after.body[0])
            assert ast.dump(before) != ast.dump(after)
            assert row.grading_context["effect"] in ("logical", "runtime")


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(corpus, sets):
    again = sets_of(corpus)
    assert [row.model_dump_json() for row in again.train] == [row.model_dump_json() for row in sets.train]
    assert [row.model_dump_json() for row in again.evaluation] == [row.model_dump_json() for row in sets.evaluation]
    assert [row.task_id for row in divided(sets, 40, 10, seed=1).train] != [row.task_id for row in sets.train]


def test_a_change_of_the_corpus_changes_its_digest(corpus, tmp_path):
    one = recipe(corpus=str(corpus)).sources()
    assert one == recipe(corpus=str(corpus)).sources()
    assert one != recipe(corpus=str(small.write(tmp_path))).sources()


def test_the_reference_teacher_gives_the_sources_own_replies(sets):
    kind = teachers.get("reference")
    pairs = list(recipe().generate(sets.train, kind(kind.Settings(), seed=0)))
    assert [samples[0].solution for _, samples in pairs] == [row.reference for row in sets.train]
    assert {sample.model for _, samples in pairs for sample in samples} == {"reference"}


def test_another_teacher_is_asked_in_the_words_of_the_rows(sets, made):
    asked = []

    class Spy(teachers.Teacher):
        """Remembers what it is asked."""

        describe = "A spy."

        def solve(self, problems):
            for problem in problems:
                asked.append(prompts.messages(problem))
                yield problem, []

    list(recipe().generate(sets.train, Spy(teachers.TeacherSettings(), seed=0)))
    by_id = {row.task_id: messages for row, messages in zip(sets.train, asked, strict=True)}
    assert all(row.prompt == by_id[row.task_id] for row in made.rows.examples)


def test_every_row_is_the_first_good_reply_to_its_task(sets, made):
    assert len(made.rows.examples) == len(sets.train)
    assert not made.rows.rejected
    references = {row.task_id: row.reference for row in sets.train}
    assert all(row.completion[0].content == references[row.task_id] for row in made.rows.examples)


WRONG = {
    "docstring": ("ten words that are no docstring at all but pass elsewhere", "lacks-triple-quotes"),
    "explain": ("- It\n- does", "lacks-words"),
    "bugfix": ("The bug is fixed, there was an error.\n{shown}", "lacks-changed"),
    "complete": ("{shown}", "lacks-body"),
    "unit_test": (fenced("def test_a():\n    assert True"), "lacks-asserts"),
}


@pytest.fixture(scope="module")
def teachers_rows(sets):
    """Rows of a teacher that is wrong once in each category, and a fix, a completion and a test that look right."""
    one, samples = recipe(), []
    wrong = {}
    for row in sets.train:
        texts = [row.reference]
        name = row.grading_context["name"]
        signature = ast.unparse(ast.parse(row.grading_context["text"]).body[0].args)
        if row.stratum not in wrong:
            wrong[row.stratum] = row.task_id
            texts = [WRONG[row.stratum][0].format(shown=fenced(row.grading_context["shown"]))]
        elif row.stratum in ("bugfix", "complete") and f"2 {row.stratum}" not in wrong:
            wrong[f"2 {row.stratum}"] = row.task_id
            texts = [
                f"The bug is fixed, as it should be.\n{fenced(f'def {name}({signature}):{chr(10)}    return 977')}"
            ]
        elif row.stratum == "unit_test" and "2 unit_test" not in wrong:
            wrong["2 unit_test"] = row.task_id
            texts = [fenced(f"def test_a():\n    assert {name} is not None or {name}()")]
        samples += [Sample(task_id=row.task_id, solution=text, model="teacher") for text in texts]
    graded = grade(one, sets.train, samples)
    return wrong, one.rows(sets.train, graded)


def test_replies_that_lack_something_or_misbehave_are_turned_away_with_a_reason(teachers_rows):
    wrong, rows = teachers_rows
    reasons = {item.row.sample.task_id: item.reason for item in rows.rejected if isinstance(item.row, Graded)}
    for category, (_, reason) in WRONG.items():
        assert reasons[wrong[category]] == reason
    assert [reasons[wrong[f"2 {name}"]] for name in ("bugfix", "complete", "unit_test")] == ["misbehaves"] * 3


def test_rows_shrink_to_the_proportions_when_replies_are_missing(sets, teachers_rows):
    by_id = {row.task_id: row.stratum for row in sets.train}
    _, rows = teachers_rows
    counts = Counter(by_id[row.task_id] for row in rows.examples)
    assert max(counts.values()) - min(counts.values()) <= 1
    assert Counter(item.reason for item in rows.rejected)["surplus"] == 7 + 7 + 6 * 3 - len(rows.examples)


def test_with_a_teacher_spare_tasks_stand_in_for_refused_replies(sets):
    train = divided(sets, 20, 5, spare=0.5).train
    spare = [row for row in train if row.grading_context.get("spare")]
    assert (len(train), Counter(row.stratum for row in spare)) == (30, dict.fromkeys(CATEGORIES, 2))
    refused = {row.task_id for row in train[:20] if row.stratum == "explain"}
    samples = [sample for sample in reference_samples(recipe(), train) if sample.task_id not in sorted(refused)[:2]]
    made = recipe().rows(train, grade(recipe(), train, samples))
    by_id = {row.task_id: row.stratum for row in train}
    assert Counter(by_id[row.task_id] for row in made.examples) == dict.fromkeys(CATEGORIES, 4)


def test_no_rows_at_all_is_said_with_numbers(sets):
    one = recipe()
    with pytest.raises(InputError, match=r"there are docstring 0, explain 0"):
        one.rows(sets.train, [])


UNPROVABLE = {"shares": {"bugfix": 1}, "outcomes": 200, "trials": 300}


def test_a_fix_that_nobody_can_run_has_to_be_the_original(corpus):
    found = sets_of(
        corpus, {"train": 4, "evaluation": 2}, unproven=True, shares={"bugfix": 1}, outcomes=200, trials=300
    )
    rows = [*found.train, *found.evaluation]
    assert {row.grading_context["effect"] for row in rows} == {"unproven"}
    one, row = recipe(shares={"bugfix": 1}), rows[0]
    other = Sample(task_id=row.task_id, solution=row.reference.replace("return", "return 0 or"), model="t")
    graded = grade(one, [row], [other, *reference_samples(one, [row])])
    made = one.rows([row], graded)
    assert [item.score("behaviour") for item in graded] == [None, None]
    assert [item.reason for item in made.rejected] == ["not-the-original"]
    assert len(made.examples) == 1


def test_bugs_that_are_not_proven_are_left_out_by_default(corpus):
    with pytest.raises(InputError, match="bugfix 4 of 0"):
        sets_of(corpus, {"train": 4, "evaluation": 2}, **UNPROVABLE)


def test_equal_replies_to_one_task_are_one_and_the_template_makes_none_equal(sets):
    rows = [row for row in sets.train if row.stratum == "complete"]
    one = recipe(shares={"complete": 1})
    doubled = [sample for sample in reference_samples(one, rows) for _ in range(2)]
    found = one.rows(rows, grade(one, rows, doubled))
    assert len(found.examples) == len(rows)  # all share their first hundred characters
    assert Counter(item.reason for item in found.rejected) == {"second": len(rows)}


def test_functions_that_differ_a_little_are_one_row(sets):
    row = next(row for row in sets.train if row.stratum == "docstring")
    twin = row.model_copy(update={"task_id": "docstring/twin"})
    one = recipe(shares={"docstring": 1})
    found = one.rows([row, twin], grade(one, [row, twin], reference_samples(one, [row, twin])))
    assert len(found.examples) == 1
    assert [item.reason for item in found.rejected] == ["near-duplicate"]


def test_files_have_the_published_form_and_the_instruction_that_was_asked(sets, made, folder):
    files = {name: json.loads((folder / name).read_text()) for name in (TRAIN, TEST, ALL)}
    assert set(files) == {"sft_trackb_train.json", "sft_trackb_test.json", "sft_trackb_all.json"}
    assert files[ALL] == files[TRAIN] + files[TEST]
    assert all(tuple(row) == KEYS for row in files[ALL])
    assert [row["instruction"] for row in files[TRAIN]] == [row.prompt[-1].content for row in made.rows.examples]
    assert [row["instruction"] for row in files[TEST]] == [prompts.messages(row)[-1].content for row in sets.evaluation]


def test_a_sound_folder_is_sound(folder):
    assert complaints(folder) == []


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda rows: rows[0].update(category="poem"), "no category 'poem'"),
        (lambda rows: rows[0].pop("source_file"), "has not just the texts"),
        (lambda rows: rows[0].update(response="```python\ndef f(:\n```"), "a code block does not parse"),
        (lambda rows: rows.sort(key=lambda row: row["category"]) or rows.__delitem__(slice(3)), "the proportions are"),
    ],
)
def test_what_is_wrong_with_a_row_is_found(folder, edit, message):
    change(folder, TRAIN, edit)
    assert any(message in text for text in complaints(folder))


def test_a_fix_that_is_the_bug_is_found(folder):
    def edit(rows):
        row = next(row for row in rows if row["category"] == "bugfix")
        row["response"] = f"Fixed the bug.\n{fenced('# no bug' + chr(10) + Reply(row['instruction']).code)}"

    change(folder, TEST, edit)
    assert any("the fix is the program with the bug" in text for text in complaints(folder))


def test_a_file_and_a_function_on_both_sides_are_found(folder):
    moved = json.loads((folder / TRAIN).read_text())[0]
    change(folder, TEST, lambda rows: rows.append(moved))
    found = complaints(folder)
    assert any("are on both sides" in text for text in found)
    assert any("nearly the same function" in text for text in found)


def test_functions_that_share_a_signature_alone_may_be_on_both_sides(folder):
    def same_signature(rows):
        row = next(row for row in rows if row["category"] == "complete")
        row["instruction"] = fenced('def merge(left, right):\n    """Return something."""')

    for name in (TRAIN, TEST):
        change(folder, name, same_signature)
    assert complaints(folder) == []


def test_missing_and_broken_files_are_found(folder):
    (folder / TRAIN).unlink()
    (folder / TEST).write_text("no JSON")
    found = complaints(folder)
    assert ["is missing" in found[0], "is not JSON" in found[1], len(found)] == [True, True, 2]


def test_the_card_says_what_a_stranger_asks(made):
    text = recipe().card(made)
    for word in (TRAIN, "not stated", "8 | 2", "What is proven", "not proven", "reference"):
        assert word in text


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"shares": {"poem": 1}}, "no category 'poem'"),
        ({"shares": {"docstring": 0}}, "one of them is more"),
        ({"shares": {"docstring": -1}}, "zero or more"),
        ({"families": ["wrong-bondary"]}, "did you mean 'wrong-boundary'"),
        ({"families": ["missing-colon"]}, "no family"),
        ({"shares": {"explain": float("nan")}}, "weights are"),
        ({"shares": {"explain": float("inf")}}, "weights are"),
        ({"min_lines": 61}, "min_lines = 61 is more than max_lines = 60"),
        ({"outcomes": 9}, "outcomes = 9 is more than trials = 8"),
        ({"alike": 0.9}, "less than or equal to 0.8"),
        ({"corpus": ""}, "at least 1 character"),
    ],
)
def test_wrong_settings_are_refused(own, message):
    with pytest.raises(InputError, match=message):
        validate({"recipe": "corpus-tasks", "metric": "behaviour", "recipes": {"corpus-tasks": own}})


@hypothesis_settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(1, 8), st.integers(1, 2), st.integers(0, 50), st.lists(st.floats(0.1, 5), min_size=5, max_size=5))
def test_whatever_is_asked_sides_are_apart_and_counts_exact(sets, train, evaluation, seed, weights):
    shares = dict(zip(CATEGORIES, weights, strict=True))
    try:
        found = divided(sets, train, evaluation, shares, seed)
    except InputError:
        reject()
    assert (len(found.train), len(found.evaluation)) == (train, evaluation)
    assert not {row.group for row in found.train} & {row.group for row in found.evaluation}


def test_the_laptop_profile_fits_the_embedded_model():
    settings = resolve("laptop", {"recipe": "corpus-tasks"})
    assert settings.metric == "behaviour"
    assert settings.evaluation.k == (1, 3)
    assert settings.recipes["corpus-tasks"]["max_characters"] <= 2 * settings.sft.max_length


def test_the_published_hyper_parameters_are_a_profile():
    profile = profiles.read("seed-track-b")
    settings = resolve("seed-track-b", {"recipe": profile["recipe"]})
    sft, lora = settings.sft, settings.lora
    assert settings.base_model == "qwen2.5-coder-1.5b-base"
    assert (lora.r, lora.alpha, lora.dropout) == (16, 32, 0.05)
    assert (sft.epochs, sft.batch_size, sft.micro_batch, sft.learning_rate, sft.scheduler) == (3, 16, 4, 2e-4, "cosine")
    assert (sft.warmup, sft.max_length, sft.max_grad_norm) == (0.03, 1024, 0.3)
    assert (settings.evaluate.n, settings.evaluate.temperature, settings.evaluation.k) == (3, 0.6, (1, 3))
    teacher = settings.teachers["endpoint"]
    assert teacher["model"] == "Qwen/Qwen3-Coder-30B-A3B-Instruct"
    assert (teacher["sampling"]["temperature"], teacher["sampling"]["max_new_tokens"]) == (0.4, 600)
    assert settings.recipes["corpus-tasks"]["shares"] == {
        "docstring": 80, "explain": 80, "bugfix": 76, "complete": 65, "unit_test": 2,
    }  # fmt: skip


def test_problems_survive_being_written(sets):
    for row in sets.train:
        assert Problem.model_validate_json(row.model_dump_json()) == row
