"""The real vLLM, on the CPU, next to the engine of transformers: `make vllm` installs it."""

import json
import os
import signal
import subprocess
import sys
import time
from math import comb
from pathlib import Path

import pytest
from scipy.stats import ttest_rel

from codekiln import demo, models
from codekiln.data.folders import Dataset, write_dataset
from codekiln.data.records import Message, Problem, Sample
from codekiln.errors import InputError
from codekiln.inference import Sampling
from codekiln.inference.engines import open_generator
from codekiln.inference.sampling.job import SamplingJob
from codekiln.sandbox.grading import grade_samples
from tests import toy_models as toy
from tests.running import codekiln

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".venv-vllm" / "bin" / "python"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.exists(), reason="vLLM is not installed; run `make vllm`"),
    pytest.mark.xdist_group("vllm"),
]

PROBLEMS = demo.problems("eval", count=60)
PROMPTS = [(Message(role="user", content=problem.prompt),) for problem in PROBLEMS[:40]]
SAMPLING = Sampling(n=10, temperature=0.8, top_p=0.95, max_new_tokens=256)
GREEDY = Sampling(n=1, temperature=0, max_new_tokens=96)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the problems, and the samples that each engine draws of the embedded model."""
    from codekiln.inference.sampling.run import run

    place = tmp_path_factory.mktemp("vllm")
    write_dataset(place / "problems", PROBLEMS, Problem)
    for engine in ("transformers", "vllm"):
        run(SamplingJob.read(job(place, engine, engine)))
    return place


def job(place: Path, output: str, engine: str = "vllm") -> Path:
    path = place / f"{output}.json"
    what = {"base": "tiny", "problems": "problems", "output": output, "label": "m", "engine": engine}
    path.write_text(json.dumps(what | {"sampling": SAMPLING.model_dump()}))
    return path


def rows(folder: Path) -> list[Sample]:
    return Dataset(folder, Sample).rows()


def random_adapter(folder: Path, base: models.BaseModelSpec, **options) -> Path:
    """Write an adapter that changes what the model says: PEFT's own start leaves the model as it is."""
    import torch
    from peft import LoraConfig, get_peft_model

    from codekiln.models.loading import load_model

    torch.manual_seed(0)
    config = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM", **options)
    get_peft_model(load_model(base), config).save_pretrained(folder)
    return folder


def test_the_engines_solve_equally_many_problems_within_the_interval(folder):
    by_id = {problem.task_id: problem for problem in PROBLEMS}
    counts = {}
    for engine in ("transformers", "vllm"):
        found = rows(folder / engine)
        assert json.loads((folder / engine / "manifest.json").read_text())["settings"] == {"engine": engine}
        verdicts = grade_samples([(by_id[row.task_id], row) for row in found])
        passed = dict.fromkeys(by_id, 0)
        for row, verdict in zip(found, verdicts, strict=True):
            passed[row.task_id] += verdict.status == "passed"
        counts[engine] = list(passed.values())
    for k in (1, 10):
        ours, theirs = ([1 - comb(10 - c, k) / comb(10, k) for c in counts[name]] for name in ("vllm", "transformers"))
        interval = ttest_rel(ours, theirs).confidence_interval(0.95)
        assert interval.low <= 0 <= interval.high, (k, interval)


def test_a_job_that_is_killed_goes_on_and_draws_what_one_draws_that_is_not(folder):
    path = job(folder, "killed")
    start = [sys.executable, "-m", "codekiln.inference.sampling", str(path)]
    running = subprocess.Popen(start, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"})
    partial, limit = folder / "killed" / "partial.jsonl", time.monotonic() + 600
    while not partial.exists() or partial.read_bytes().count(b"\n") < 3:
        assert running.poll() is None, "it ended before it was killed"
        assert time.monotonic() < limit
        time.sleep(0.05)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    kept = partial.read_bytes().count(b"\n")
    assert 3 <= kept < len(PROBLEMS)
    done = subprocess.run(start, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"{kept} of 60 problems were answered before" in done.stdout
    # Other problems share the batches of the second process.
    assert rows(folder / "killed") == rows(folder / "vllm")


def replies(engine: str, base: str, adapter: Path | None) -> list[str]:
    return [text for (text,) in open_generator(engine, base, adapter).generate(PROMPTS, GREEDY)]


def agreement(base: str, adapter: Path | None) -> tuple[float, list[str]]:
    ours, theirs = (replies(engine, base, adapter) for engine in ("vllm", "transformers"))
    return sum(map(str.__eq__, ours, theirs)) / len(ours), ours


def test_the_likeliest_replies_of_base_and_adapter_are_those_of_transformers(tmp_path):
    base_share, base = agreement("tiny", None)
    share, adapted = agreement("tiny", random_adapter(tmp_path / "adapter", models.get("tiny"), use_rslora=True))
    assert adapted != base
    # Sums are rounded otherwise, which may turn the balance between two equally likely tokens.
    assert (base_share, share) >= (0.95, 0.9)


def test_an_adapter_of_a_multimodal_gemma3_is_on_its_language_model(tmp_path, monkeypatch):
    import torch
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    words = toy.tokenizer("gemma")
    text = {
        "vocab_size": len(words), "hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2, "head_dim": 32,
        "num_attention_heads": 2, "num_key_value_heads": 1, "sliding_window": 512, "query_pre_attn_scalar": 32,
        "max_position_embeddings": 512,
    }  # fmt: skip
    vision = {
        "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
        "image_size": 28, "patch_size": 14,
    }  # fmt: skip
    torch.manual_seed(0)
    config = Gemma3Config(text_config=text, vision_config=vision, mm_tokens_per_image=4, image_token_index=0)
    whole = Gemma3ForConditionalGeneration(config)
    with torch.no_grad():
        for weight in whole.parameters():
            if weight.dim() == 2:
                weight.mul_(8)
    whole.save_pretrained(tmp_path / "base")
    words.save_pretrained(tmp_path / "base")
    spec = models.get("gemma3-4b").model_copy(update={"id": str(tmp_path / "base")})
    monkeypatch.setattr(models, "get", lambda name: spec)
    monkeypatch.setenv("CODEKILN_CACHE", str(tmp_path / "cache"))
    share, adapted = agreement("gemma", random_adapter(tmp_path / "adapter", spec))
    assert share >= 0.9
    assert adapted != replies("transformers", "gemma", None)


def test_an_adapter_that_vllm_refuses_is_a_users_mistake(tmp_path):
    adapter = random_adapter(tmp_path / "adapter", models.get("tiny"), use_dora=True)
    with pytest.raises(InputError, match=r'DoRA(.|\n)*engine = "transformers"'):
        replies("vllm", "tiny", adapter)


def test_a_whole_run_samples_with_it(tmp_path):
    done = codekiln("run", "align", "--workdir", str(tmp_path / "run"), "--set", "engine=vllm")
    assert done.returncode in (0, 4), done.stdout + done.stderr
    assert "engine: vllm, as set" in done.stdout
    assert done.stdout.count("vLLM 0.") >= 5
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["provenance"]["engine"] == "vllm"
    assert set(results["contenders"]) == {"base", "sft", "dpo", "dpo_further"}
    again = codekiln("run", "align", "--workdir", str(tmp_path / "run"), "--set", "engine=vllm")
    assert again.returncode == done.returncode
    assert "evaluate: was done already" in again.stdout


def test_one_command_generates_with_it():
    asked = ("generate", "Write a function total(numbers) that adds up numbers.", "--engine")
    done, other = (codekiln(*asked, engine, settings=[]) for engine in ("vllm", "transformers"))
    assert done.returncode == 0, done.stderr
    assert done.stdout == other.stdout != "\n"
    assert "vLLM 0." in done.stderr
