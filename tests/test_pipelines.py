import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from codekiln import stages
from codekiln.settings.form import FIELDS, describe
from codekiln.settings.resolve import resolve

ROOT = Path(__file__).parents[1]
COMPILED = sorted((ROOT / "pipelines" / "compiled").glob("*.yaml"))


def compiled(path: Path) -> dict:
    return next(iter(yaml.safe_load_all(path.read_text())))


def test_the_compiled_pipelines_are_up_to_date(tmp_path):
    subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "pipelines.compile", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    fresh = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert fresh == {path.name: path.read_text() for path in COMPILED}, "run `make compile` and commit the result"


@pytest.mark.parametrize("path", COMPILED, ids=lambda path: path.stem)
def test_a_run_form_has_at_most_nine_inputs(path):
    inputs = compiled(path)["root"]["inputDefinitions"]["parameters"]
    assert len(inputs) <= 9
    assert set(inputs) <= set(FIELDS)
    assert {name for name, about in inputs.items() if not about.get("isOptional")} <= {"adapter"}


@pytest.mark.parametrize("path", COMPILED, ids=lambda path: path.stem)
def test_the_description_says_what_each_input_takes_because_the_form_does_not(path):
    pipeline = compiled(path)
    inputs = pipeline["root"]["inputDefinitions"]["parameters"]
    for name, about in inputs.items():
        assert f"\n* `{name}`: {about['description']}\n" in pipeline["pipelineInfo"]["description"]
        assert about["description"] == describe(name)


@pytest.mark.parametrize("path", COMPILED, ids=lambda path: path.stem)
def test_overrides_have_an_editor_because_the_field_of_a_string_is_one_line(path):
    overrides = compiled(path)["root"]["inputDefinitions"]["parameters"]["overrides"]
    assert (overrides["parameterType"], overrides["defaultValue"]) == ("STRUCT", {})


def test_the_example_of_overrides_can_be_pasted_into_the_form():
    chosen = resolve("laptop", {}, json.loads(FIELDS["overrides"].example))
    assert (chosen.sft.epochs, chosen.evaluation.benchmark[0].source) == (2, "x.jsonl")


def test_align_has_the_stages_of_the_design_in_order():
    tasks = compiled(ROOT / "pipelines" / "compiled" / "align.yaml")["root"]["dag"]["tasks"]
    after = {name: set(task.get("dependentTasks", ())) for name, task in tasks.items()}
    order = [
        "check",
        "generate",
        "filter",
        "sft",
        "dpo",
        "self-generate",
        "filter-2",
        "dpo-further",
        "evaluate",
        "promote",
    ]
    assert set(tasks) == set(order)
    for earlier, later in zip(order, order[1:], strict=False):
        assert earlier in after[later], f"{later} does not wait for {earlier}"
    adapters = tasks["evaluate"]["inputs"]["artifacts"]
    assert {"sft", "dpo", "dpo_further"} <= set(adapters)


@pytest.mark.parametrize("path", COMPILED, ids=lambda path: path.stem)
def test_every_task_takes_its_image_from_the_form(path):
    executors = compiled(path)["deploymentSpec"]["executors"]
    assert executors
    for executor in executors.values():
        assert executor["container"]["image"] == "{{$.inputs.parameters['pipelinechannel--image']}}"


def test_rounds_repeat_self_generation(tmp_path):
    code = f"from pipelines.compile import Path, compile_all\ncompile_all(Path({str(tmp_path)!r}), rounds=3)"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, check=True)
    tasks = compiled(tmp_path / "align.yaml")["root"]["dag"]["tasks"]
    assert {"dpo-further", "dpo-further-2", "dpo-further-3"} <= set(tasks)
    assert {"dpo_further", "dpo_further_2", "dpo_further_3"} <= set(tasks["evaluate"]["inputs"]["artifacts"])


def test_more_rounds_than_evaluate_has_inputs_for_are_refused():
    code = "from pipelines.align import build\nbuild(4)"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "rounds is 4; there can be 0 to 3" in done.stderr


@pytest.mark.parametrize("path", sorted((ROOT / "components").glob("[a-z]*.py")), ids=lambda path: path.stem)
def test_a_component_body_uses_no_name_of_its_module(path):
    """Such a component compiles, and fails when its source runs alone in a step."""
    tree = ast.parse(path.read_text())
    module_names = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    } | {target.id for node in tree.body if isinstance(node, ast.Assign) for target in node.targets}
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
        used = {node.id for statement in function.body for node in ast.walk(statement) if isinstance(node, ast.Name)}
        defaults = {
            node.id for value in function.args.defaults for node in ast.walk(value) if isinstance(node, ast.Name)
        }
        assert not (used | defaults) & module_names


def test_there_is_a_component_for_every_stage():
    modules = {path.stem for path in (ROOT / "components").glob("[a-z]*.py")} - {"base"}
    assert modules == set(stages.names())


@pytest.mark.parametrize("path", COMPILED, ids=lambda path: path.stem)
def test_a_compiled_pipeline_names_no_registry_host_or_local_path(path):
    text = path.read_text()
    assert str(ROOT) not in text
    assert "codekiln/cpu:" in text


ON_POOL = {"sft", "dpo", "dpo-further", "self-generate", "evaluate"}


def documents(path: Path) -> tuple[dict, dict]:
    pipeline, platform = yaml.safe_load_all(path.read_text())
    return pipeline, platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]


def executor(pipeline: dict, task: str) -> str:
    component = pipeline["root"]["dag"]["tasks"][task]["componentRef"]["name"]
    return pipeline["components"][component]["executorLabel"]


@pytest.mark.parametrize("path", COMPILED, ids=lambda path: path.stem)
def test_tasks_on_a_pool_ask_for_what_check_found_and_pass_it_on(path):
    pipeline, platform = documents(path)
    for task in ON_POOL & set(pipeline["root"]["dag"]["tasks"]):
        component = pipeline["components"][pipeline["root"]["dag"]["tasks"][task]["componentRef"]["name"]]
        passed = {item["field"]: item.get("applyToTask", False) for item in component["taskConfigPassthroughs"]}
        assert passed == {
            "RESOURCES": False,
            "KUBERNETES_NODE_SELECTOR": False,
            "KUBERNETES_TOLERATIONS": False,
            "KUBERNETES_AFFINITY": False,
            "ENV": True,
            "KUBERNETES_VOLUMES": True,
        }
        resources = pipeline["deploymentSpec"]["executors"][executor(pipeline, task)]["container"]["resources"]
        assert "check-accelerator" in resources["accelerator"]["resourceType"]
        assert "check-accelerators" in resources["accelerator"]["resourceCount"]
        placed = platform[executor(pipeline, task)]
        from_check = {"taskOutputParameter": {"outputParameterKey": "node_selector", "producerTask": "check"}}
        assert placed["nodeSelector"]["nodeSelectorJson"] == from_check
        (toleration,) = placed["tolerations"]
        assert toleration["tolerationJson"]["taskOutputParameter"]["outputParameterKey"] == "tolerations"


@pytest.mark.parametrize("path", COMPILED, ids=lambda path: path.stem)
def test_every_task_has_a_time_limit_a_retry_policy_and_a_cache_setting(path):
    pipeline, platform = documents(path)
    for name, task in pipeline["root"]["dag"]["tasks"].items():
        assert int(platform[executor(pipeline, name)]["activeDeadlineSeconds"]) >= 3600
        policy = task.get("retryPolicy", {})
        retries = policy.get("maxRetryCount", 0)
        if retries:
            longest = int(policy["backoffMaxDuration"].rstrip("s"))
            assert longest >= (retries + 1) * int(platform[executor(pipeline, name)]["activeDeadlineSeconds"])
        assert (retries == 0) == (name == "check"), "only check fails at once: it spends nothing, and says everything"
        never = name in ("check", "fetch", "evaluate", "promote")
        assert task["cachingOptions"].get("enableCache", False) != never


@pytest.mark.parametrize("path", COMPILED, ids=lambda path: path.stem)
def test_a_step_that_waits_for_a_pool_outlives_any_queue(path):
    pipeline, platform = documents(path)
    for task in ON_POOL & set(pipeline["root"]["dag"]["tasks"]):
        assert int(platform[executor(pipeline, task)]["activeDeadlineSeconds"]) >= 14 * 86400


@pytest.mark.parametrize("path", COMPILED, ids=lambda path: path.stem)
def test_steps_that_run_generated_programs_are_labelled_and_hold_no_key_they_do_not_need(path):
    pipeline, platform = documents(path)
    for name in pipeline["root"]["dag"]["tasks"]:
        placed = platform[executor(pipeline, name)]
        labels = placed["podMetadata"]["labels"]
        assert labels["app.kubernetes.io/part-of"] == "codekiln"
        runs_code = name in ("check", "evaluate") or name.startswith("filter")
        assert (labels.get("codekiln.dev/runs-code") == "true") == runs_code
        keys = {item["envVar"] for secret in placed["secretAsEnv"] for item in secret["keyToEnv"]}
        if name.startswith(("filter", "promote", "fetch")):
            others = {"CODEKILN_NOTIFY_URL", "CODEKILN_KUBEFLOW_REGISTRY_TOKEN", "CODEKILN_SIGNING_KEY"}
            assert all(key.startswith("MLFLOW_") for key in keys - others)
        assert ("CODEKILN_SIGNING_KEY" in keys) == (name == "promote")
        # The programs that check runs are the problems' own references.
        assert ("CODEKILN_NOTIFY_URL" in keys) == (name == "check" or not runs_code)
        if name not in ("check", "promote"):
            assert "CODEKILN_KUBEFLOW_REGISTRY_TOKEN" not in keys
        if name not in ("check", "generate"):
            assert "CODEKILN_API_KEY" not in keys


@pytest.mark.parametrize("path", COMPILED, ids=lambda path: path.stem)
def test_a_step_knows_its_pipeline_and_how_often_it_is_retried(path):
    pipeline, platform = documents(path)
    for name, task in pipeline["root"]["dag"]["tasks"].items():
        container = pipeline["deploymentSpec"]["executors"][executor(pipeline, name)]["container"]
        retries = task.get("retryPolicy", {}).get("maxRetryCount", 0)
        assert {each["name"]: each["value"] for each in container["env"]} == {
            "CODEKILN_PIPELINE": path.stem,
            "CODEKILN_RETRIES": str(retries),
        }
        fields = {each["name"]: each["fieldPath"] for each in platform[executor(pipeline, name)]["fieldPathAsEnv"]}
        assert fields["CODEKILN_KFP_RUN"] == "metadata.labels['pipeline/runid']"


@pytest.mark.parametrize("path", COMPILED, ids=lambda path: path.stem)
def test_what_a_step_reads_of_the_cluster_is_optional(path):
    _, platform = documents(path)
    for placed in platform.values():
        for source in ("configMapAsEnv", "configMapAsVolume", "secretAsEnv"):
            assert all(item["optional"] for item in placed.get(source, ()))


def test_a_claim_is_mounted_by_the_steps_that_exchange_files_with_jobs_or_read_data(tmp_path):
    code = (
        "from pipelines.compile import Path, compile_all\n"
        f"compile_all(Path({str(tmp_path)!r}), image='reg/cpu:1', claim='codekiln-workspace')"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, check=True)
    pipeline, platform = documents(tmp_path / "align.yaml")
    mounted = {name for name, placed in platform.items() if placed.get("pvcMount")}
    assert mounted == {executor(pipeline, task) for task in ON_POOL | {"check", "generate"}}
    for name in mounted:
        (mount,) = platform[name]["pvcMount"]
        assert (mount["constant"], mount["mountPath"]) == ("codekiln-workspace", "/codekiln")
    assert pipeline["root"]["inputDefinitions"]["parameters"]["image"]["defaultValue"] == "reg/cpu:1"
