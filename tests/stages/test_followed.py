"""Kubeflow's Model Registry follows what check and promote do with a real MLflow."""

import json

import pytest
from click.testing import CliRunner

from codekiln.cli import main
from codekiln.errors import RegistryError
from codekiln.launch.readiness import _probe_kubeflow_registry
from codekiln.registry import Registry
from codekiln.registry.kubeflow_connection import VARIABLE
from codekiln.settings.resolve import resolve
from codekiln.stages.check import _registry
from codekiln.stages.publishing import _in_a_tag
from tests.stages.judged_runs import judged_run

MODEL = "codekiln-tiny"


def run(tmp_path, uri, name, registry="", **options):
    settings = (f"kubeflow_registry.uri={registry}",) if registry else ()
    return judged_run(tmp_path / name, uri, name.encode(), settings=settings, **options)


def champions(uri, kubeflow):
    """Return the champion's version in MLflow and in Kubeflow's registry."""
    found = Registry(uri, "codekiln").champion(MODEL)
    (model,) = kubeflow.tables["registered_models"].values()
    return found and str(found.version), model["customProperties"].get("champion", {}).get("string_value")


def undo(uri, *more):
    return CliRunner().invoke(main, ["promote", MODEL, "--tracking-uri", uri, *(more or ("--undo", "--yes"))])


def test_a_promotion_is_in_both_and_undone_in_both(tmp_path, uri, kubeflow):
    first = run(tmp_path, uri, "a", kubeflow.uri).promote()
    version = kubeflow.version(MODEL, "1")
    assert version["customProperties"]["verdict_sentence"]["string_value"] == first["gate"]["sentence"]
    sft = first["contenders"]["sft"]["pass@1"]
    for key, value in (("pass_at_1", "mean"), ("pass_at_1.low", "low"), ("pass_at_1.high", "high")):
        assert version["customProperties"][key]["double_value"] == pytest.approx(sft[value])
    assert "gain.structural_maintainability.low" in version["customProperties"]
    assert champions(uri, kubeflow) == ("1", "1")
    # A run that does not name the registry still lets it follow: it has the model already.
    run(tmp_path, uri, "b", champion=b"a").promote()
    assert champions(uri, kubeflow) == ("2", "2")
    assert "champion of codekiln-tiny: version 1" in undo(uri).output
    assert champions(uri, kubeflow) == ("1", "1")
    assert kubeflow.version(MODEL, "2")["state"] == "ARCHIVED"
    assert "champion of codekiln-tiny: version 2" in undo(uri, "--yes").output
    assert champions(uri, kubeflow) == ("2", "2")
    # What was interrupted between the two is completed by a repetition.
    (model,) = kubeflow.tables["registered_models"].values()
    del model["customProperties"]["champion"]
    assert "nothing to do" in undo(uri, "--yes").output
    assert champions(uri, kubeflow) == ("2", "2")


def test_a_promotion_is_decided_though_kubeflows_registry_is_down_and_completed_by_the_same_step(
    tmp_path,
    uri,
    kubeflow,
):
    judged = run(tmp_path, uri, "a", kubeflow.uri)
    kubeflow.is_down = True
    with pytest.raises(RegistryError, match=r"Kubeflow's Model Registry at http(.|\n)*answered 503"):
        judged.promote()
    assert Registry(uri, "codekiln").champion(MODEL).version == 1
    assert (judged.workdir / "promote" / "report.html").exists()
    failed = undo(uri)
    assert failed.exit_code != 0
    assert Registry(uri, "codekiln").champion(MODEL) is None
    kubeflow.is_down = False
    again = undo(uri)
    assert "completed what was interrupted before; nothing further is undone" in again.output
    assert "codekiln-tiny has no champion now" in again.output
    assert champions(uri, kubeflow) == (None, None)
    assert judged.promote()["gate"]["recorded"]
    assert champions(uri, kubeflow) == (None, None)


def test_models_of_before_are_brought_in_by_one_command(tmp_path, uri, kubeflow):
    run(tmp_path, uri, "a").promote()
    assert not kubeflow.requests
    assert "fix: give --kubeflow-registry ADDRESS" in undo(uri, "--sync").output
    done = undo(uri, "--sync", "--kubeflow-registry", kubeflow.uri)
    assert "champion of codekiln-tiny in both registries: 1" in done.output
    assert champions(uri, kubeflow) == ("1", "1")
    assert "nothing to do" in undo(uri, "--experiment", "codekiln").output


def probed(tmp_path, uri, kubeflow, gate=True):
    settings = resolve("laptop", {}, [f"tracking_uri={uri}", f"kubeflow_registry.uri={kubeflow.uri}"])
    return _registry(settings, tmp_path, gate=gate)


def test_check_proves_that_the_registry_may_be_written_to_and_leaves_nothing_there(tmp_path, uri, kubeflow):
    said = probed(tmp_path, uri, kubeflow)
    assert said == f"{MODEL} has no champion yet; Kubeflow's Model Registry at {kubeflow.uri} follows"
    assert not kubeflow.tables["registered_models"]
    kubeflow.token = "asked for"
    with pytest.raises(RegistryError, match=r"answered 401(.|\n)*fix: let this user in"):
        probed(tmp_path, uri, kubeflow)
    kubeflow.token, kubeflow.is_down = "", True
    with pytest.raises(RegistryError, match="answered 503"):
        probed(tmp_path, uri, kubeflow)
    # A run that only makes a data set registers nothing.
    assert probed(tmp_path, uri, kubeflow, gate=False) == f"{MODEL} has no champion yet"


def test_check_of_a_cluster_asks_kubeflows_registry_too(kubeflow, monkeypatch):
    monkeypatch.setenv(VARIABLE, kubeflow.uri)
    assert _probe_kubeflow_registry() == f"answers at {kubeflow.uri}, and may be written to"
    kubeflow.token = "asked for"
    with pytest.raises(RegistryError, match="answered 401"):
        _probe_kubeflow_registry()


def test_measures_that_a_tag_cannot_hold_are_left_out_whole():
    text = _in_a_tag({f"a measure of a benchmark with a long name {number}": 0.123456789 for number in range(200)})
    assert 4900 < len(text) <= 5000
    assert set(json.loads(text).values()) == {0.123456789}
