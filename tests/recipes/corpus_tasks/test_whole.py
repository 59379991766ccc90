"""The whole way through the command line: a data set of the standard library, and an adapter that is judged on it."""

import json
from collections import Counter

import pytest

from codekiln.settings.resolve import resolve
from tests.recipes.corpus_tasks import small_corpus
from tests.running import codekiln

MEASURES = ("pass@1", "pass@3", "behaviour", "style_score", "hallucination_rate")


@pytest.mark.slow
def test_the_laptop_makes_trains_and_judges(tmp_path):
    run = codekiln("run", "instruct", "--recipe", "corpus-tasks", "--workdir", str(tmp_path), settings=[])
    assert run.returncode in (0, 4), run.stdout + run.stderr  # 4: the gate refused
    results = json.loads((tmp_path / "results.json").read_text())
    for contender in ("base", "sft"):
        for measure in MEASURES:
            values = results["contenders"][contender][measure]
            assert values["low"] <= values["mean"] <= values["high"], (contender, measure)
    proof = codekiln("validate", str(tmp_path / "filter" / "dataset"), settings=[])
    assert proof.returncode == 0, proof.stdout + proof.stderr
    rows = json.loads((tmp_path / "filter" / "dataset" / "sft_trackb_train.json").read_text())
    shares = resolve("laptop", {"recipe": "corpus-tasks"}).recipes["corpus-tasks"]["shares"]
    made = Counter(row["category"] for row in rows)
    for category, share in shares.items():
        assert abs(made[category] - len(rows) * share / sum(shares.values())) < 1, made


@pytest.mark.slow
def test_a_teacher_that_is_a_model_has_to_earn_every_row(tmp_path):
    corpus = small_corpus.write(tmp_path / "corpus")
    settings = [
        f"recipes.corpus-tasks.corpus={corpus}", "recipes.corpus-tasks.exclude=[]", "recipes.corpus-tasks.families=[]",
        "recipes.corpus-tasks.shares={docstring=1, explain=1, bugfix=1, complete=1, unit_test=1}",
        'teacher="model"', 'teachers.model.base="tiny"',
        "problems.train=10", "problems.evaluation=5", "teachers.model.sampling.max_new_tokens=64",
    ]  # fmt: skip
    run = codekiln("run", "data", "--recipe", "corpus-tasks", "--workdir", str(tmp_path / "work"), settings=settings)
    assert run.returncode == 2  # the embedded model writes nothing of use, and the run says so with numbers
    assert "too few replies are left for 10 rows: docstring has 0 of 2" in run.stdout + run.stderr
