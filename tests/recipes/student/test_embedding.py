"""Distances of programs by the embeddings of a local model."""

import numpy as np
import pytest

from codekiln.errors import InputError
from codekiln.recipes.student.embedding import Embedder
from tests.recipes.student.small_course import RIGHT, STACK_RIGHT


def test_embeddings_of_a_small_local_model_measure_distance():
    embedder = Embedder("tiny")
    near, far = "def double(x):\n    return x * 2", STACK_RIGHT
    distances = embedder.distances([RIGHT, near, far, ""], [RIGHT, near, far, ""])
    assert distances.shape == (4, 4)
    assert np.allclose(distances, distances.T, atol=1e-5)
    assert np.allclose(np.diag(distances), 0, atol=1e-5)
    assert distances[0, 1] < distances[0, 2]


def test_an_embedding_does_not_depend_on_what_else_is_in_the_batch():
    alone = Embedder("tiny").vectors([RIGHT])[0]
    together = Embedder("tiny").vectors([STACK_RIGHT, RIGHT])[1]
    assert np.allclose(alone, together, atol=1e-4)


def test_a_model_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError) as refused:
        Embedder(str(tmp_path)).vectors([RIGHT])
    assert str(refused.value).startswith(f"recipes.student.embedding_model: cannot read {tmp_path}: ")
    assert refused.value.fix == "check its name and the network, or leave the setting empty"
