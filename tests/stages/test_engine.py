import pytest

from codekiln.errors import InputError
from codekiln.inference.vllm import interpreter
from codekiln.launch.pools import VARIABLE, Cluster, Pool
from codekiln.settings.resolve import resolve
from codekiln.stages.base import StageContext
from codekiln.stages.check import check
from codekiln.stages.engine import engine_of
from codekiln.stages.evaluate import evaluate
from codekiln.stages.run_folder import read_settings
from codekiln.stages.self_generate import self_generate
from tests.inference.vllm.stand_in import script


@pytest.fixture(autouse=True)
def cluster(monkeypatch):
    monkeypatch.delenv("CODEKILN_VLLM_PYTHON", raising=False)
    monkeypatch.setattr(interpreter, "PLACES", ())
    pools = {
        "gpu": Pool(image="i"),
        "old": Pool(image="i", vllm=False),
        "amd": Pool(image="i", accelerator="amd.com/gpu"),
        "cpu": Pool(image="i", accelerators=0),
    }
    monkeypatch.setenv(VARIABLE, Cluster(exchange="/x", pools=pools).model_dump_json())


def engine(*overrides, **form):
    return engine_of(resolve("laptop", form, ["engine=auto", *overrides]))


def test_auto_is_vllm_on_a_pool_of_nvidias_gpus_whose_image_has_it():
    assert engine(pool="gpu") == ("vllm", "pool 'gpu' has it")
    assert engine(pool="old") == ("transformers", "the image of pool 'old' has no vLLM")
    assert engine(pool="amd") == ("transformers", "pool 'amd' has no nvidia.com/gpu")
    assert engine(pool="cpu")[0] == "transformers"
    assert engine() == ("transformers", "vLLM is not installed here")


def test_a_name_is_taken_at_its_word_and_one_that_is_not_here_refused():
    assert engine("engine=vllm", pool="old") == ("vllm", "as set")
    assert engine("engine=transformers", pool="gpu") == ("transformers", "as set")
    with pytest.raises(InputError, match="make vllm"):
        engine("engine=vllm")


def test_auto_leaves_adapters_to_transformers_that_vllm_does_not_take():
    assert engine("lora.dora=true", pool="gpu") == ("transformers", "vLLM takes no adapter with DoRA")
    with pytest.raises(InputError, match="takes no adapter with DoRA"):
        engine("engine=vllm", "lora.dora=true", pool="gpu")


def test_the_demo_samples_with_transformers_wherever_it_runs():
    assert resolve("laptop", {}, []).engine == "transformers"


def test_samples_of_one_engine_are_no_result_of_the_other():
    for stage in (evaluate, self_generate):
        assert {"engine", "vllm"} <= set(stage.settings_keys)


def test_check_settles_the_engine_for_all_later_stages(tmp_path, monkeypatch, uri):
    monkeypatch.setenv("CODEKILN_VLLM_PYTHON", str(script(tmp_path / "python", "")))
    output = tmp_path / "check"
    output.mkdir()
    small = ["problems.train=12", "problems.evaluation=12", "evaluation.minimum_problems=2", f"tracking_uri={uri}"]
    settings = resolve("laptop", {}, ["engine=auto", *small])
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    summary = check.run(
        StageContext(settings=settings, inputs={}, output=output, step="check", run_folder=output, parameters={})
    )
    assert summary.notes["engine"] == "vllm, vLLM and a GPU are here"
    assert read_settings(output).engine == "vllm"
