import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from safetensors.numpy import save_file

from codekiln.data.records import Message, Problem
from codekiln.errors import InputError, ModelError
from codekiln.inference import Sampling
from codekiln.inference.engine_settings import VllmSettings
from codekiln.inference.sampling.candidates import collect, sample_programs
from codekiln.inference.vllm.generator import VllmGenerator
from tests.inference.vllm.stand_in import script

PROMPTS = [(Message(role="user", content=f"Write f{number}."),) for number in range(5)]
PROBLEMS = [Problem(task_id=f"t{number}", prompt=f"Write f{number}.") for number in range(5)]
SAMPLING = Sampling(n=3, max_new_tokens=4)


def texts(prompts=PROMPTS, sampling=SAMPLING, **options):
    return list(VllmGenerator("tiny", **options).generate(prompts, sampling))


def adapter(folder, **config):
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 16, **config}))
    save_file({}, folder / "adapter_model.safetensors")
    return folder


def test_each_prompt_gets_its_own_texts_in_order_whatever_else_is_asked(vllm):
    first = texts()
    assert [len(row) for row in first] == [3] * 5
    assert len({text for row in first for text in row}) > 5
    assert texts() == first
    assert texts(PROMPTS[3:]) == first[3:]
    assert texts(sampling=SAMPLING.model_copy(update={"seed": 1})) != first
    assert texts([]) == []


def test_the_engine_gets_tokens_seeds_and_no_more_length_than_needed(vllm):
    generator = VllmGenerator("tiny", settings=VllmSettings(gpu_memory_utilization=0.5, batch_invariant=True))
    found = list(generator.generate(PROMPTS, SAMPLING))
    asked = vllm("request")
    tokens = generator.chat.prompts(PROMPTS)
    assert [row["prompt"] for row in asked] == [row for row in tokens for _ in range(3)]
    assert len({row["seed"] for row in asked}) == 15
    assert asked[0]["stop"] == sorted({generator.chat.end_of_turn_id, generator.chat.tokenizer.eos_token_id})
    assert vllm("max_model_len") == [max(map(len, tokens)) + 4]
    assert (vllm("gpu_memory_utilization"), vllm("enable_prefix_caching")) == ([0.5], [True])
    assert vllm("environment")[0]["VLLM_BATCH_INVARIANT"] == "1"
    # Neither the token that ends a reply nor a template's is in the text.
    assert not any("<" in text for row in found for text in row)


def test_a_process_of_torchrun_gives_vllm_its_own_gpu_and_none_of_torchruns_variables(vllm, monkeypatch):
    for name, value in {
        "RANK": "3",
        "WORLD_SIZE": "4",
        "LOCAL_RANK": "1",
        "MASTER_ADDR": "a",
        "PET_NNODES": "2",
    }.items():
        monkeypatch.setenv(name, value)
    texts()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "6,GPU-7")
    texts()
    seen = vllm("environment")
    assert [each["CUDA_VISIBLE_DEVICES"] for each in seen] == ["1", "GPU-7"]
    assert not {"RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "PET_NNODES"} & set(seen[0])


def test_vllm_gets_no_keys_and_passwords_but_those_of_the_hub(vllm, monkeypatch):
    for name in ("CODEKILN_SIGNING_KEY", "MLFLOW_TRACKING_PASSWORD", "HF_TOKEN"):
        monkeypatch.setenv(name, "secret")
    texts()
    assert [name for name, value in vllm("environment")[0].items() if value == "secret"] == ["HF_TOKEN"]


def test_an_adapter_is_loaded_once_into_buffers_of_a_rank_that_vllm_has(vllm, tmp_path):
    folder = adapter(tmp_path / "adapter", r=20, rank_pattern={"q_proj": 40})
    texts(adapter=folder)
    assert (vllm("lora"), vllm("max_lora_rank")) == ([str(folder)], [64])
    assert all(row["adapter"] for row in vllm("request"))


def test_an_adapter_that_vllm_does_not_take_is_a_users_mistake_with_the_remedy(vllm, tmp_path):
    with pytest.raises(InputError, match=r'rank 600.*\n.*engine = "transformers"'):
        texts(adapter=adapter(tmp_path / "large", r=600))
    vllm.how("adapter")
    with pytest.raises(InputError, match=r'does not yet support DoRA(.|\n)*engine = "transformers"'):
        texts(adapter=adapter(tmp_path / "dora"))
    with pytest.raises(InputError, match="holds no adapter"):
        texts(adapter=tmp_path)
    (tmp_path / "dora" / "codekiln.json").write_text('{"base": "gemma3-1b", "revision": null}')
    with pytest.raises(InputError, match="was trained on gemma3-1b"):
        texts(adapter=tmp_path / "dora")


def test_a_model_that_vllm_does_not_take_says_why(vllm):
    vllm.how("model")
    with pytest.raises(ModelError, match=r"cannot load it: ValueError: Model architectures \['X'\](.|\n)*transformers"):
        texts()


def test_a_prompt_beyond_the_models_context_is_refused_before_anything_starts(vllm):
    with pytest.raises(InputError, match="a prompt has .* tokens, and the model's context is"):
        texts([(Message(role="user", content="x + " * 4000),)])
    assert not vllm("model")


def test_a_process_that_dies_names_its_code_and_last_lines_and_a_later_call_asks_for_the_rest(vllm, tmp_path):
    def gather():
        return collect(
            PROBLEMS,
            lambda rows: sample_programs(VllmGenerator("tiny"), SAMPLING, rows, "m"),
            tmp_path / "samples",
            "l",
            "v",
        )

    vllm.how("die")
    with pytest.raises(ModelError, match=r"exit code 7(.|\n)*illegal memory access"):
        gather()
    asked = len(vllm("request"))
    kept = (tmp_path / "samples" / "partial.jsonl").read_text().splitlines()
    assert 0 < len(kept) < 5
    vllm.how("well")
    resumed = gather()
    assert len(vllm("request")) - asked == 3 * (5 - len(kept))
    expected = texts([(Message(role="user", content=row.prompt),) for row in PROBLEMS])
    assert len(resumed) == sum(map(len, expected)) == 15


@pytest.mark.parametrize("answer", ["garbage", "[1]"])
def test_an_answer_that_is_none_is_an_error(tmp_path, monkeypatch, answer):
    monkeypatch.setenv("CODEKILN_VLLM_PYTHON", str(script(tmp_path / "python", f"echo why >&2; echo '{answer}'")))
    with pytest.raises(ModelError, match="wrote no JSON object.*\n.*why"):
        texts()


def test_an_interpreter_that_cannot_start_is_said(tmp_path, monkeypatch):
    path = script(tmp_path / "python", "")
    path.write_text("#!/nonexistent/interpreter\n")
    monkeypatch.setenv("CODEKILN_VLLM_PYTHON", str(path))
    with pytest.raises(InputError, match="cannot be started: No such file"):
        texts()


def test_an_interpreter_without_vllm_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("CODEKILN_VLLM_PYTHON", str(script(tmp_path / "python", f'exec {sys.executable} -S "$@"')))
    with pytest.raises(
        InputError, match="cannot import vLLM: ModuleNotFoundError: No module named 'vllm'.*\n.*make vllm"
    ):
        texts()


def gone(pid):
    limit = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < limit, "the process is still there"
        time.sleep(0.02)
    return True


def test_vllm_ends_when_nobody_wants_further_texts(vllm):
    stream = VllmGenerator("tiny").generate(PROMPTS, SAMPLING)
    next(stream)
    (pid,) = vllm("pid")
    assert psutil.pid_exists(pid)
    stream.close()
    assert not psutil.pid_exists(pid)


def test_vllm_ends_with_a_parent_that_is_killed(vllm):
    vllm.how("hang")
    program = (
        "from codekiln.inference.vllm.process import EngineProcess\nfrom pathlib import Path\n"
        f"with EngineProcess(Path({str(vllm.python)!r}), {{}}) as engine:\n"
        "    job = {'model': 'm', 'revision': None, 'adapter': None, 'max_model_len': 9, 'options': {}}\n"
        "    work = {'stop': [0], 'temperature': 1, 'top_p': 1, 'max_tokens': 1, 'prompts': [[1]], 'seeds': [[1]]}\n"
        "    list(engine.answers(job, work))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parents[3])
    limit = time.monotonic() + 30
    while not vllm("pid") and time.monotonic() < limit:
        time.sleep(0.02)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    assert gone(vllm("pid")[0])
