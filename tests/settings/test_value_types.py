"""A value of another type than its setting, or than a pool's field, is refused with its place."""

import json

import pytest

from codekiln.errors import InputErrors
from codekiln.launch.pools import VARIABLE, read_cluster
from codekiln.settings.resolve import resolve

WRONG = [
    ("sft.epochs=true", "sft.epochs: is true or false and has to be a number"),
    ('sft.epochs="2"', "sft.epochs: is a text and has to be a number"),
    ("seed=true", "seed: is true or false and has to be a number"),
    ('evaluation.k=[1, "10"]', "evaluation.k.1: is a text and has to be a number"),
    ("sft.gradient_checkpointing=1", "is a number and has to be true or false"),
    ('recipes.maintainability.margin="3"', "recipes.maintainability.margin: is a text"),
    ("promote_as=3", "promote_as: Input should be a valid string"),
    ("problems.train=[3]", "problems.train: Input should be a valid integer"),
    ("sft=3", "sft: Input should be a valid dictionary"),
    ("filters='length'", "filters: Input should be a list"),
    ('problems.source="a\\u0000b"', "problems.source: holds a character that no file name or text has"),
]


@pytest.mark.parametrize(("line", "told"), WRONG)
def test_another_type_in_an_override_or_a_profile_is_refused(line, told, tmp_path):
    with pytest.raises(InputErrors, match=told):
        resolve("laptop", {}, [line])
    (tmp_path / "p.toml").write_text(line + "\n")
    with pytest.raises(InputErrors, match=told):
        resolve(str(tmp_path / "p.toml"))


def test_whole_numbers_written_as_decimals_and_lists_are_taken():
    settings = resolve("laptop", {"metric": ""}, ["seed=1.0", "evaluation.k=[1, 2]", "evaluation.tolerance=0"])
    assert (settings.seed, settings.evaluation.k, settings.evaluation.tolerance) == (1, (1, 2), 0)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("nodes", "2", "pools.gpu.nodes"),
        ("nodes", True, "pools.gpu.nodes"),
        ("vllm", "yes", "pools.gpu.vllm"),
        ("tolerations", [{"key": "a", "value": True}], "0.value is True, where a text is needed"),
        ("tolerations", [{"tolerationSeconds": "3"}], "0.tolerationSeconds is '3', where a whole number is needed"),
        ("tolerations", {"key": "a"}, "pools.gpu.tolerations"),
        ("node_selector", {"gpu": True}, "pools.gpu.node_selector.gpu"),
        ("node_selector", ["gpu"], "pools.gpu.node_selector"),
        ("env", {"A": "1"}, "pools.gpu.env"),
        ("image", None, "pools.gpu.image"),
    ],
)
def test_another_type_in_the_clusters_document_is_refused(monkeypatch, field, value, told):
    document = {"exchange": "/x", "pools": {"gpu": {"image": "i", field: value}}}
    monkeypatch.setenv(VARIABLE, json.dumps(document))
    with pytest.raises(InputErrors) as caught:
        read_cluster()
    assert told in str(caught.value)


def test_what_the_chart_writes_is_taken(monkeypatch):
    tolerations = [{"key": "gpu", "operator": "Equal", "value": "true", "tolerationSeconds": 3}]
    pool = {"image": "i", "tolerations": tolerations, "accelerator_memory_gib": 80, "node_selector": {"a": "b"}}
    monkeypatch.setenv(VARIABLE, json.dumps({"exchange": "/x", "pools": {"gpu": pool}}))
    assert list(read_cluster().pool("gpu").tolerations) == tolerations
