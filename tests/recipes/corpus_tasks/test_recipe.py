"""The recipe on a small corpus, from files to rows."""

import ast
import json

import pytest

from codekiln import teachers
from codekiln.data import prompts
from codekiln.data.folders import Rejected
from codekiln.data.records import Problem
from codekiln.errors import InputError
from codekiln.recipes.types import Shortage
from codekiln.stages import check
from tests.recipes.corpus_tasks import small_corpus
from tests.recipes.corpus_tasks.helpers import recipe, run_settings, sets_of, split_again


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
    assert [row.task_id for row in split_again(sets, 40, 10, seed=1).train] != [row.task_id for row in sets.train]


def test_a_change_of_the_corpus_changes_its_digest(corpus, tmp_path):
    one = recipe(corpus=str(corpus)).sources()
    assert one == recipe(corpus=str(corpus)).sources()
    assert one != recipe(corpus=str(small_corpus.write(tmp_path))).sources()


def test_the_reference_teacher_gives_the_sources_own_replies(sets):
    kind = teachers.get("reference")
    pairs = list(recipe().generate(sets.train, kind(kind.Settings(), seed=0)))
    assert [samples[0].solution for _, samples in pairs] == [row.reference for row in sets.train]
    assert {sample.model for _, samples in pairs for sample in samples} == {"reference"}


def test_another_teacher_is_asked_in_the_words_of_the_rows(sets, dataset):
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
    assert all(row.prompt == by_id[row.task_id] for row in dataset.rows.examples)


UNPROVABLE = {"shares": {"bugfix": 1}, "outcomes": 200, "trials": 300, "exclude": ["codes/check.py"]}


def test_bugs_that_are_not_proven_are_left_out_by_default(corpus):
    with pytest.raises(InputError, match=r"bugfix has 0 of 4 train tasks \(4 too few\)"):
        sets_of(corpus, {"train": 4, "evaluation": 2}, **UNPROVABLE)


def test_problems_survive_being_written(sets):
    for row in sets.train:
        assert Problem.model_validate_json(row.model_dump_json()) == row


def test_a_check_that_fails_for_too_few_tasks_leaves_the_reasons(corpus, tmp_path, monkeypatch):
    class TooSmall:
        def sources(self):
            return {}

        def problems(self, settings):
            error = Shortage("too few", where="problems.train", fix="ask for fewer")
            error.rejected = [Rejected("too-short", Problem(task_id="f.py:1:f", prompt="def f(): ..."))]
            raise error

    monkeypatch.setattr(check, "recipe_of", lambda settings: TooSmall())
    with pytest.raises(InputError, match="too few"):
        check._write_problems(run_settings(corpus), tmp_path)
    (line,) = (tmp_path / "train_problems" / "rejected.jsonl").read_text().splitlines()
    assert json.loads(line)["reason"] == "too-short"
