"""Problems and rows of the small corpus, built once per test process."""

import pytest

from codekiln.recipes.types import BuiltDataset
from tests.recipes.corpus_tasks import small_corpus
from tests.recipes.corpus_tasks.helpers import (
    grade,
    recipe,
    reference_samples,
    sets_of,
)


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    return small_corpus.write(tmp_path_factory.mktemp("corpus"), bad=True)


@pytest.fixture(scope="session")
def sets(corpus):
    return sets_of(corpus)


@pytest.fixture(scope="session")
def dataset(corpus, sets):
    one = recipe(corpus=str(corpus))
    graded = grade(one, sets.train, reference_samples(one, sets.train))
    return BuiltDataset(sets.train, sets.evaluation, graded, one.rows(sets.train, graded))


@pytest.fixture
def folder(dataset, tmp_path):
    for name, text in recipe().files(dataset).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path
