"""A data set of 48 training problems with known solve rates, made once."""

import shutil

import pytest

from codekiln import demo
from codekiln.data.records import Sample
from codekiln.recipes import publish
from codekiln.recipes.types import BuiltDataset
from codekiln.sandbox import Limits
from tests.recipes.difficulty.making import recipe, samples_of, solved


@pytest.fixture(scope="session")
def train():
    return demo.problems("train", count=48)


@pytest.fixture(scope="session")
def evaluation():
    return demo.problems("eval", count=12)


@pytest.fixture(scope="session")
def graded(train):
    samples = [
        Sample(task_id=problem.task_id, solution=code, model=("alpha", "beta")[number % 2])
        for index, problem in enumerate(train)
        for number, code in enumerate(samples_of(problem, solved(index)))
    ]
    one = recipe()
    return one.score(train, one.grade(train, samples, workers=1, limits=Limits(), label="test"))


@pytest.fixture(scope="session")
def folder(tmp_path_factory, train, evaluation, graded):
    path = tmp_path_factory.mktemp("difficulty") / "dataset"
    one = recipe()
    made = BuiltDataset(train, evaluation, graded, one.rows(train, graded), "filter", "tiny")
    publish.publish(path, one, made)
    return path


@pytest.fixture
def copy(folder, tmp_path):
    path = tmp_path / "dataset"
    shutil.copytree(folder, path)
    return path
