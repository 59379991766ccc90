import json

import pytest

from codekiln.errors import InputErrors
from codekiln.settings.overrides import parse_overrides, read_form
from codekiln.settings.resolve import resolve


def test_overrides_are_toml_values_or_bare_words():
    assert parse_overrides(["a.b=1e-4", "a.c=[1, 2]", "d=hello world", 'e="x"', "f=true"]) == {
        "a": {"b": 1e-4, "c": [1, 2]}, "d": "hello world", "e": "x", "f": True,
    }  # fmt: skip


def test_null_unsets_a_setting_of_the_profile():
    assert parse_overrides(["problems.problems=null", "e='null'"]) == {"problems": {"problems": None}, "e": "null"}
    line = "sft.eval_every=null"
    assert resolve("laptop", {}, ["sft.eval_every=7"]).sft.eval_every == 7
    assert resolve("laptop", {}, ["sft.eval_every=7", line]).sft.eval_every is None
    with pytest.raises(InputErrors, match="sft.epochs"):
        resolve("laptop", {}, ["sft.epochs=null"])


@pytest.mark.parametrize("line", ["seed", "=3"])
def test_an_override_without_a_key_or_value_is_refused(line):
    with pytest.raises(InputErrors, match=f"'{line}' is not key=value"):
        parse_overrides([line])


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("evaluation.benchmark", '[{name="x", source="y"}]', [{"name": "x", "source": "y"}]),
        ("evaluation.benchmark", '[{name="x;y", source="sft.epochs=2"}]', [{"name": "x;y", "source": "sft.epochs=2"}]),
        ("problems.source", "data/a=b;c,d.jsonl", "data/a=b;c,d.jsonl"),
        ("teachers.endpoint.url", "http://t:8000/v1?a=b;c=d&seed=3", "http://t:8000/v1?a=b;c=d&seed=3"),
        ("teachers.endpoint.url", "http://t/v1?threadpool=3&my.pool=4", "http://t/v1?threadpool=3&my.pool=4"),
        ("teachers.endpoint.model", "my_seed=3", "my_seed=3"),
        ("teachers.endpoint.model", '"one sft.epochs=2"', "one sft.epochs=2"),
        ("filters", '["length", "no-print"]', ["length", "no-print"]),
        ("problems.revision", "2026-05-01", "2026-05-01"),
        ("problems.revision", "2026-05-01T10:00:00", "2026-05-01T10:00:00"),
        ("experiment", "café ☕ = good", "café ☕ = good"),
        # JSON, as the pages of servers print it.
        (
            "teachers.endpoint.extra",
            '{"chat": {"thinking": false, "budget": null}}',
            {"chat": {"thinking": False, "budget": None}},
        ),
        ("evaluation.benchmark", '[{"name": "x", "source": "y"}]', [{"name": "x", "source": "y"}]),
        ("experiment", "Infinity", "Infinity"),
        ("experiment", "{a: b}", "{a: b}"),
    ],
)
def test_a_value_may_hold_what_separates_settings_elsewhere(key, text, value):
    found = parse_overrides([f"{key}={text}"])
    for part in key.split("."):
        found = found[part]
    assert found == value


@pytest.mark.parametrize(
    ("line", "first", "second"),
    [
        ("sft.epochs=2dpo.epochs=3", "sft.epochs=2", "dpo.epochs=3"),
        ("sft.epochs=2 dpo_further.epochs=3", "sft.epochs=2", "dpo_further.epochs=3"),
        ("sft.epochs=2;dpo.epochs=3", "sft.epochs=2", "dpo.epochs=3"),
        ("sft.epochs=2,seed=3", "sft.epochs=2", "seed=3"),
        ("sft.epochs=2\ndpo.epochs=3", "sft.epochs=2", "dpo.epochs=3"),
        ("base_model=qwen3-4bseed=1", "base_model=qwen3-4b", "seed=1"),
        (
            "teachers.endpoint.url=http://t:8000/v1teachers.endpoint.model=qwen",
            "teachers.endpoint.url=http://t:8000/v1",
            "teachers.endpoint.model=qwen",
        ),
        ("experiment=a sfft.epochs=2", "experiment=a", "sfft.epochs=2"),
        ("experiment=sft.epochs=2", "experiment=", "sft.epochs=2"),
    ],
)
def test_two_settings_in_one_text_are_refused_with_both_names(line, first, second):
    with pytest.raises(InputErrors) as refused:
        parse_overrides([line])
    assert f"holds two settings: '{first}' and '{second}'" in str(refused.value)
    assert "its own --set" in str(refused.value)


@pytest.mark.parametrize(
    "form",
    [
        {"sft.epochs": 2, "sft.batch": 4, "dpo.epochs": 3},
        {"sft": {"epochs": 2, "batch": 4}, "dpo": {"epochs": 3}},
        {"sft": {"epochs": 2}, "sft.batch": 4, "dpo.epochs": 3},
        {"sft.epochs": 2.0, "sft.batch": 4.0, "dpo": {"epochs": 3.0}},
    ],
)
def test_the_form_takes_dotted_and_nested_keys(form):
    found = read_form(form)
    assert found == {"sft": {"epochs": 2, "batch": 4}, "dpo": {"epochs": 3}}
    assert "." not in json.dumps(found)


def test_the_form_takes_every_value_as_it_is():
    source, url = "a=b;c,d sft.epochs=2", "http://t/v1?a=b;c=d"
    benchmark = [{"name": "x", "source": source, "problems": 8.0}]
    found = read_form({"evaluation.benchmark": benchmark, "teachers.endpoint.url": url, "dpo.learning_rate": 0.5})
    assert found["evaluation"] == {"benchmark": [{"name": "x", "source": source, "problems": 8}]}
    assert found["teachers"]["endpoint"]["url"] == url
    assert found["dpo"]["learning_rate"] == 0.5


@pytest.mark.parametrize("key", ["sft.epochs=2", "sft.epochs = 2", "", "sft.", "sft epochs"])
def test_the_form_refuses_a_key_that_is_none(key):
    with pytest.raises(InputErrors, match=r"is no name of a setting(.|\n)*for example"):
        read_form({key: 2})


@pytest.mark.parametrize(
    ("form", "key"),
    [
        ({"sft": 2, "sft.epochs": 3}, "sft"),
        ({"sft.epochs": 2, "sft": 3}, "sft"),
        ({"a.b": 1, "a": {"b": {"c": 2}}}, "b"),
    ],
)
def test_a_setting_is_not_both_a_value_and_a_section(form, key):
    with pytest.raises(InputErrors, match=f"'{key}' is given both"):
        read_form(form)


def test_the_command_line_refuses_a_clash_too():
    with pytest.raises(InputErrors, match="'sft' is given both"):
        parse_overrides(["sft=2", "sft.epochs=3"])


def test_settings_come_from_the_form_as_from_the_command_line():
    text = '[{name="x", source="y"}]'
    words = resolve("laptop", {}, ["sft.epochs=2", f"evaluation.benchmark={text}"])
    form = resolve("laptop", {}, {"sft.epochs": 2.0, "evaluation": {"benchmark": [{"name": "x", "source": "y"}]}})
    assert words == form
    with pytest.raises(InputErrors, match="did you mean 'epochs'"):
        resolve("laptop", {}, {"sft.epoch": 2})
