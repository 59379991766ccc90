"""Runs and stages: what causes each message, its exit code and its text."""

import contextlib
import fcntl
import os
import sys
from collections import namedtuple
from types import SimpleNamespace

import pytest

from codekiln import models
from codekiln.cli import cluster_commands, local_runner
from codekiln.data.records import Problem
from codekiln.settings.schema import Settings
from codekiln.stages import (
    benchmarks,
    check,
    contenders,
    engine,
    fetch,
    folder_validation,
    prompting,
    run_folder,
    step,
    train,
)
from codekiln.stages.model_folder import assembly
from codekiln.stages.serving import run as serving
from tests.messages.causes import caused, ids
from tests.registry.memory_mlflow import memory_registry


def run_beside_another(folder, patch):
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with local_runner._locked(folder):
            pass


def run_beside_a_step(folder, patch):
    patch.setattr(local_runner, "GRACE_SECONDS", 0)
    with open(folder / local_runner.STEPS_LOCK, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with local_runner._locked(folder):
            pass


def compilation_outside_a_checkout(folder, patch):
    patch.setitem(sys.modules, "pipelines.compile", None)
    cluster_commands.compile.callback(rounds=1, image="", claim="", output=folder, as_json=False)


def record_of_an_adapter_in_a_list(folder, patch):
    (folder / "codekiln.json").write_text("3")
    assembly._json(folder / "codekiln.json")


def folder_to_fetch_without_weights(folder, patch):
    fetch._copy(folder, folder)


def folder_to_fetch_of_checkpoints(folder, patch):
    for number in (1, 2):
        (folder / f"checkpoint-{number}").mkdir()
        (folder / f"checkpoint-{number}" / "adapter_model.safetensors").touch()
        os.utime(folder / f"checkpoint-{number}", (number, number))
    fetch._copy(folder, folder)


def base_model_in_gguf(folder, patch):
    (folder / "model.Q4_K_M.gguf").touch()
    models.get(str(folder))


def base_model_that_is_a_gguf_file(folder, patch):
    models.get(f"{folder}/model.Q4_K_M.gguf")


def vllm_with_dora(folder, patch):
    engine.engine_of(Settings.model_validate({"engine": "vllm", "lora": {"dora": True}}))


def disk_that_is_full(folder, patch):
    patch.setattr(check.shutil, "disk_usage", lambda path: SimpleNamespace(free=0.25 * 2**30))
    check._disk(folder)


def no_rows(rows):
    def require(folder, patch):
        patch.setattr(train.DataManifest, "read", lambda path: SimpleNamespace(rows=0))
        context = SimpleNamespace(inputs={"data": folder}, settings=SimpleNamespace(recipe="dataset"))
        train._require_rows(context, rows)

    return require


def samples_of_nothing(folder, patch):
    contenders._check_problems(SimpleNamespace(), {}, [])


def benchmark_without_a_gradable_problem(folder, patch):
    patch.setattr(benchmarks, "_read", lambda *given: [])
    patch.setattr(benchmarks.problem_sets, "keep_gradable", lambda *given: ([], []))
    plus = {"name": "plus", "source": "plus.jsonl"}
    benchmarks.read_benchmarks(Settings.model_validate({"evaluation": {"benchmark": [plus]}}))


def rejected_rows_that_are_cut(folder, patch):
    path = folder / folder_validation.REJECTED
    path.write_text('{"reason": "a"}\n{"reas')
    raise next(folder_validation._rejected([path], SimpleNamespace(), "run its stage again"))


def problem_that_needs_a_package(folder, patch):
    test = "import no_such_package\nassert add(1, 2) == 3"
    prompting._require_tests([Problem(task_id="a", prompt="Add.", tests=(test,))])


def run_that_was_never_tracked(folder, patch):
    run_folder.read_tracking(folder)


@contextlib.contextmanager
def base_alone(*given):
    yield SimpleNamespace(adapter=None)


def base_to_serve(folder, patch):
    patch.setattr(serving, "vllm_python", lambda: "python")
    patch.setattr(serving, "named_model", base_alone)
    serving.serve(REQUEST._replace(model=str(folder)), print)


def model_without_versions(folder, patch):
    registry = memory_registry()
    registry._create("m")
    with serving._based(registry, "m", "champion", REQUEST):
        pass


# What `codekiln serve` is asked for: see `codekiln.stages.serving.run.Request`.
REQUEST = namedtuple("Request", ["model", "base", "tracking_uri", "max_lora_rank", "folder", "public_key", "key"])(
    "m", "", "", 0, None, None, None
)
CASES = [
    (
        rejected_rows_that_are_cut,
        2,
        "FOLDER/rejected.jsonl:2: is not JSON\n  fix: run its stage again",
    ),
    (
        problem_that_needs_a_package,
        2,
        "a: its tests need no_such_package\n  fix: grade the samples with `codekiln grade --allow-imports`",
    ),
    (run_that_was_never_tracked, 2, "FOLDER: holds no tracking.json\n  fix: give the output folder of check"),
    (base_to_serve, 2, "FOLDER: has no adapter\n  fix: give NAME@champion or an adapter's folder"),
    (
        model_without_versions,
        2,
        "models:/m: has no versions\n"
        "  fix: promote a version first, or give --base-model to serve the base until there is one",
    ),
    (
        compilation_outside_a_checkout,
        2,
        "compile: cannot import pipelines.compile\n"
        "  fix: run this in a checkout of codekiln with codekiln[cluster] installed",
    ),
    (
        record_of_an_adapter_in_a_list,
        2,
        "FOLDER/codekiln.json: is not a JSON object: 'int' object is not a mapping\n  fix: restore the file",
    ),
    (
        folder_to_fetch_without_weights,
        2,
        "adapter: no adapter at 'FOLDER': it holds no adapter_model.safetensors\n"
        "  fix: give models:/name/version, models:/name@alias, or a folder that PEFT saved",
    ),
    (
        folder_to_fetch_of_checkpoints,
        2,
        "adapter: no adapter at 'FOLDER': it holds no adapter_model.safetensors\n"
        "  fix: give FOLDER/checkpoint-2, or another of its 2 adapters",
    ),
    (
        base_model_in_gguf,
        2,
        "FOLDER: holds GGUF files, which are for llama.cpp and not trained\n"
        "  fix: give the model that the GGUF file was made from: its Hub id, or its folder of safetensors",
    ),
    (
        base_model_that_is_a_gguf_file,
        2,
        "base_model: no base model 'FOLDER/model.Q4_K_M.gguf'\n"
        "  fix: give the model that the GGUF file was made from: its Hub id, or its folder of safetensors",
    ),
    (
        vllm_with_dora,
        2,
        "engine: vLLM takes no adapter with DoRA\n  fix: set engine = transformers or auto",
    ),
    (disk_that_is_full, 2, "FOLDER: only 0.2 GB are free\n  fix: free at least 1 GB"),
    (
        no_rows("examples"),
        2,
        "FOLDER/examples: there are no examples to train on: the recipe 'dataset' made none of these problems\n"
        "  fix: see what was rejected there and in graded",
    ),
    (samples_of_nothing, 2, "contenders: no file has a sample that can be graded\n  fix: check the files"),
    (
        benchmark_without_a_gradable_problem,
        2,
        "plus.jsonl: no problem of the benchmark 'plus' can be graded\n"
        "  fix: give problems with tests, whose references pass them",
    ),
    (
        run_beside_another,
        2,
        "FOLDER: another run is at work in this folder\n  fix: wait for it, or give another --workdir",
    ),
    (
        run_beside_a_step,
        2,
        "FOLDER: a step of an earlier run is at work\n  fix: end it, or give another --workdir",
    ),
]


@pytest.mark.parametrize(("cause", "code", "text"), CASES, ids=ids(CASES))
def test_a_mistake_is_one_message(cause, code, text, tmp_path, monkeypatch):
    assert caused(cause, tmp_path, monkeypatch) == (code, text)


def test_a_step_that_may_not_share_a_file_ends_with_the_message(tmp_path, monkeypatch, capsys):
    for name in (step.WORKDIR, "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SystemExit) as ended:
        step.check_step(SimpleNamespace(path=str(tmp_path)), None, "laptop", {}, {}, gate=True)
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(
        "check: tracking_uri: no MLflow server is named, and steps on a cluster share no file\n"
        "  fix: set tracking_uri in the profile or overrides, or MLFLOW_TRACKING_URI in the step\n"
    )
