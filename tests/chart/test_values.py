"""Every value does something, is described, and a mistake in one is told."""

import copy
import json
import re

import helm_python
import jsonschema
import pytest

from charts.places import CHART
from codekiln.training.plan import SMALLEST_GIB
from tests.chart import rendering
from tests.chart.changes import CHANGES
from tests.chart.rendering import examples

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
# Maps from any key to any value: their parts are the user's, not the chart's.
WHOLE = ("requests", "limits")


def leaves(values, path=()):
    """Yield the path of each value that has no values below it."""
    for key, value in values.items():
        here = (*path, key)
        if isinstance(value, dict) and value and key not in WHOLE:
            yield from leaves(value, here)
        else:
            yield ".".join(here)


def merged(base, path, value):
    """Return values with one of them set."""
    result = copy.deepcopy(base)
    *parents, last = path.split(".")
    target = result
    for key in parents:
        target = target.setdefault(key, {})
    target[last] = value
    return result


def comparable(objects):
    """Map each object's identity to what it says, without what is another at every rendering."""
    found = {}
    for each in copy.deepcopy(objects):
        if each["kind"] == "Job":
            each["metadata"]["name"] = each["metadata"]["name"].rpartition("-")[0]
        if each["kind"] == "Secret":
            each["data"] = sorted(each["data"])
        key = (each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"])
        found[key] = json.dumps(each, sort_keys=True)
    return found


def differing(first, second):
    before, after = comparable(rendering.render(first)), comparable(rendering.render(second))
    return {key[0] for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


@pytest.mark.parametrize("path", CHANGES)
def test_another_value_changes_what_it_should_and_nothing_else(path):
    change = CHANGES[path]
    assert differing(change.given, merged(change.given, path, change.to)) == change.kinds


def test_every_value_is_among_them():
    assert sorted(leaves(rendering.values())) == sorted(CHANGES)


@pytest.mark.parametrize("name", [path for path in CHANGES if path.startswith("gpuPoolDefaults.")])
def test_a_pool_says_it_as_the_defaults_do(name):
    change = CHANGES[name]
    own = merged(change.given, name.replace("gpuPoolDefaults", "gpuPools.gpu"), change.to)
    assert not differing(merged(change.given, name, change.to), own)


def test_a_pool_only_changes_what_it_names_and_lists_replace_lists():
    defaults = {"nodeSelector": {"a": "b"}, "tolerations": [{"key": "x", "operator": "Exists"}], "cpu": "4"}
    pool = {"nodeSelector": {"c": "d"}, "tolerations": [{"key": "y", "operator": "Exists"}]}
    objects = rendering.render({"gpuPoolDefaults": defaults, "gpuPools": {"gpu": pool}})
    pod = rendering.pod_specs(rendering.one(objects, "TrainingRuntime", "codekiln-gpu"))[0]
    assert pod["nodeSelector"] == {"a": "b", "c": "d"}
    assert pod["tolerations"] == pool["tolerations"]
    assert pod["containers"][0]["resources"]["requests"]["cpu"] == "4"


def closed(schema, path=()):
    """Yield the path of each object in the schema whose keys are known, with a pool in place of pools."""
    schema = schema.get("allOf", [schema])[0]
    if "$ref" in schema:
        schema = SCHEMA["definitions"][schema["$ref"].rpartition("/")[2]]
    if schema.get("additionalProperties") is False:
        yield path
    for key, child in schema.get("properties", {}).items():
        yield from closed(child, (*path, key))
    if path == ("gpuPools",):
        yield from closed(schema["additionalProperties"], (*path, "gpu"))


@pytest.mark.parametrize("path", [".".join(path) for path in closed(SCHEMA)])
def test_an_unknown_key_is_refused_by_name(path):
    values = merged({}, f"{path}.unknownKey" if path else "unknownKey", "x")
    with pytest.raises(helm_python.HelmValuesError) as told:
        rendering.render(values)
    assert "additional properties 'unknownKey' not allowed" in str(told.value)
    assert f"'{'/' if path else ''}{path.replace('.', '/')}'" in str(told.value)


def test_every_object_is_closed_unless_its_keys_are_the_users():
    free = {"global", "gpuPools", "affinity", "requests", "limits", "priorityClasses", "profiles", "defaults"}

    def opened(schema, name):
        if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
            yield name
        for key, child in schema.get("properties", {}).items():
            yield from opened(child, key)

    found = {name for name in opened(SCHEMA, "")}
    for definition in SCHEMA["definitions"].values():
        found |= {name for name in opened(definition, "")} - {""}
    assert found <= free


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"api": "mpi"}, "'trainjob', 'pytorchjob'"),
        ({"gpuPools": {"gpu": {"nodes": 0}}}, "/gpuPools/gpu/nodes"),
        ({"gpuPools": {"gpu": {"memory": "64 GB"}}}, "/gpuPools/gpu/memory"),
        ({"gpuPools": {"My_Pool": {}}}, "My_Pool"),
        ({"storage": {"objectStore": {"url": "http://a"}}}, "/storage/objectStore/url"),
        ({"storage": {"keepDays": -1}}, "/storage/keepDays"),
        ({"image": {"cpu": {"digest": "latest"}}}, "/image/cpu/digest"),
        ({"storage": {"kind": "objectStore"}}, "storage.objectStore.url is empty"),
        ({"mlflow": {"mode": "external"}, "networkPolicy": {"enabled": False}}, "mlflow.trackingUri is empty"),
        ({"mlflow": {"mode": "external", "trackingUri": "http://m"}}, "networkPolicy.mlflow.to is empty"),
        ({"mlflow": {"artifacts": {"kind": "objectStore"}}}, "mlflow.artifacts.url is empty"),
        ({"mlflow": {"ingress": {"enabled": True}}}, "mlflow.ingress.host is empty"),
        ({"vllm": {"enabled": True}}, "vllm.model is empty"),
        ({"vllm": {"enabled": True, "model": "m", "pool": "x"}}, "there are: gpu"),
        ({"kueue": {"create": True}}, "no pool has a queue"),
    ],
)
def test_a_wrong_value_is_told_with_its_place(values, says):
    with pytest.raises(helm_python.HelmError) as told:
        rendering.render(values)
    assert says in str(told.value)


def properties(schema, path=""):
    for key, child in schema.get("properties", {}).items():
        yield f"{path}.{key}".lstrip("."), child
        yield from properties(child, f"{path}.{key}")


def test_every_value_is_described_in_a_sentence():
    found = dict(properties(SCHEMA)) | {
        f"pool.{key}": child for key, child in properties(SCHEMA["definitions"]["pool"])
    }
    assert len(found) > 100
    for path, schema in found.items():
        assert re.fullmatch(r"[A-Za-z`].{4,}\.", schema["description"]), path


def test_the_defaults_are_complete_and_valid():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.Draft7Validator(SCHEMA).validate(rendering.values())
    described = {path for path, schema in properties(SCHEMA) if "properties" not in schema} - {"global"}
    assert described <= {path for leaf in leaves(rendering.values()) for path in prefixes(leaf)} | {"gpuPools"}


def prefixes(path):
    words = path.split(".")
    return [".".join(words[:count]) for count in range(1, len(words) + 1)]


@pytest.mark.parametrize("name", examples())
def test_helm_finds_nothing_to_lint(name):
    report = helm_python.lint(CHART, examples()[name], strict=True, namespace="kubeflow")
    serious = [each for each in report["messages"] if each["severity"] > 1]
    assert not serious
    assert not report["errors"]


@pytest.mark.parametrize("name", examples())
def test_the_notes_tell_the_next_three_commands(name):
    texts = rendering.chart().render(examples()[name], name="codekiln", namespace="kubeflow")
    notes = next(text for path, text in texts.items() if path.endswith("NOTES.txt"))
    numbers = re.findall(r"^(\d)\. ", notes, re.M)
    assert numbers == ["1", "2", "3"]
    assert all(command in notes for command in ("create secret generic codekiln", "helm test codekiln", "port-forward"))
    assert "`codekiln check --cluster`" in notes


def warnings(values, namespace="kubeflow"):
    texts = rendering.chart().render(values, name="codekiln", namespace=namespace)
    return re.findall(r"^WARNING: (.*)$", texts["codekiln/templates/NOTES.txt"], re.M)


def test_the_notes_name_the_pools_whose_memory_is_unknown_and_the_examples_have_none():
    unknown = {"gpuPools": {"gpu": {}, "b": {}, "c": {"acceleratorMemoryGiB": 24}, "cpu": {"accelerators": 0}}}
    assert ["accelerators of b, gpu have" in each for each in warnings(unknown)] == [True]
    assert len(warnings({})) == 1
    assert not warnings({"gpuPoolDefaults": {"acceleratorMemoryGiB": 80}})
    assert not any(warnings(values) for name, values in examples().items() if name)


def test_the_description_of_unknown_memory_says_what_the_plan_assumes():
    about = SCHEMA["definitions"]["pool"]["properties"]["acceleratorMemoryGiB"]["description"]
    assert f"might not fit into {SMALLEST_GIB} GiB is refused" in about


def test_the_notes_warn_where_no_run_will_ever_be():
    def warns(values, namespace):
        return any("runs of a single-user" in each for each in warnings(values, namespace))

    assert warns({}, "elsewhere")
    assert not warns({}, "kubeflow")
    assert not warns({"runs": {"namespaces": ["kubeflow"]}}, "elsewhere")


@pytest.mark.parametrize(("registry", "is_one"), [("https://ghcr.io/acme", False), ("registry.lab:5000/ml/", True)])
def test_a_registry_has_no_scheme(registry, is_one):
    values = merged({}, "image.registry", registry)
    if is_one:
        rendering.render(values)
        return
    with pytest.raises(helm_python.HelmValuesError, match="image/registry"):
        rendering.render(values)
