"""A small folder of exercises, and the data set that is made of it, once."""

import shutil

import pytest

from codekiln.recipes.types import BuiltDataset
from tests.recipes.debugging.making import CONTENT, NAMES, grade, recipe, run_settings


@pytest.fixture(scope="session")
def content(tmp_path_factory):
    folder = tmp_path_factory.mktemp("content")
    for name in NAMES:
        shutil.copy(CONTENT / f"{name}.toml", folder)
    return folder


@pytest.fixture(scope="session")
def few(content, tmp_path_factory):
    folder = tmp_path_factory.mktemp("few")
    for name in NAMES[:3]:
        shutil.copy(content / f"{name}.toml", folder)
    return folder


@pytest.fixture(scope="session")
def made(content):
    made_by = recipe(content=str(content), requests_per_exercise=3, mutations_tried=2)
    sets = made_by.problems(run_settings())
    samples = [sample for _, found in made_by.reference_samples(sets.train) for sample in found]
    graded = grade(made_by, sets.train, samples)
    return made_by, sets, BuiltDataset(sets.train, sets.evaluation, graded, made_by.rows(sets.train, graded))
