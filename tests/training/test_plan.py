import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codekiln import models
from codekiln.errors import InputError
from codekiln.launch.pools import Pool
from codekiln.settings.resolve import resolve
from codekiln.training.job import TrainingJob
from codekiln.training.memory import Workload, shape_of
from codekiln.training.plan import BUSY_TOKENS, MOST_TOKENS, apply, idle_note, plan
from codekiln.training.plan_table import table
from codekiln.training.settings import DpoSettings, LoraSettings, SftSettings
from tests import toy_models as toy

TABLE = [name for name in models.names() if name != "tiny"]
LORA = LoraSettings()
LONG = {"batch_size": 32, "micro_batch": 4, "max_length": 2048}


def gpus(count: int, gib: float, nodes: int = 1) -> Pool:
    return Pool(image="train:1", nodes=nodes, accelerators=count, accelerator_memory_gib=gib)


def settings_of(kind: str, **values):
    return (SftSettings if kind == "sft" else DpoSettings)(**values)


def outcome(*arguments):
    try:
        return plan(*arguments), None
    except InputError as error:
        return None, error


pools = st.builds(gpus, st.integers(1, 8), st.sampled_from([16, 24, 40, 48, 80, 141]), st.integers(1, 4))
kinds = st.sampled_from(["sft", "dpo"])


@given(
    pool=pools,
    kind=kinds,
    name=st.sampled_from(TABLE),
    strategy=st.sampled_from(["auto", "ddp", "zero2", "zero3"]),
    batch=st.integers(1, 256),
    micro=st.integers(1, 64),
    length=st.integers(8, 8192),
    rank=st.sampled_from([4, 16, 64]),
)
def test_a_plan_divides_the_batch_exactly_and_fits(pool, kind, name, strategy, batch, micro, length, rank):
    training = settings_of(kind, batch_size=batch, micro_batch=micro, max_length=length)
    chosen, error = outcome(models.get(name), training, LoraSettings(r=rank), pool, strategy)
    if error:
        assert error.fix
        assert batch % pool.processes or "does not fit" in error.what
        return
    assert chosen.micro_batch * chosen.accumulation * chosen.processes == batch
    assert 1 <= chosen.micro_batch <= micro
    assert chosen.memory.total <= pool.accelerator_memory_gib == chosen.available_gib
    rows = length * (1 if kind == "sft" else 2)
    if pool.processes == 1 and chosen.strategy == "ddp":
        assert rows <= chosen.tokens_per_pass <= max(rows, min(MOST_TOKENS, rows * batch))
    else:
        assert chosen.tokens_per_pass is None
    assert strategy in ("auto", chosen.strategy)
    assert chosen.reasons.endswith(".")


@given(
    pool=pools,
    kind=kinds,
    name=st.sampled_from(TABLE),
    strategy=st.sampled_from(["ddp", "zero2", "zero3"]),
    micro=st.integers(1, 32),
    recompute=st.booleans(),
    field=st.sampled_from(["params", "hidden", "layers", "vocab"]),
)
def test_the_estimate_grows_with_the_micro_batch_and_the_model(pool, kind, name, strategy, micro, recompute, field):
    shape = shape_of(models.get(name))
    load = Workload(
        shape=shape,
        rank=16,
        rows=1 if kind == "sft" else 2,
        length=1024,
        width=2,
        processes=pool.processes,
        available=pool.accelerator_memory_gib,
    )
    memory = load.estimate(strategy, micro, recompute)
    assert load.estimate(strategy, micro + 1, recompute).total > memory.total
    assert load.estimate(strategy, micro, False).activations >= load.estimate(strategy, micro, True).activations
    larger = shape.model_copy(update={field: 2 * getattr(shape, field)})
    assert load.model_copy(update={"shape": larger}).estimate(strategy, micro, recompute).total >= memory.total


def test_activations_of_gemma3_12b_are_what_was_calculated_for_it():
    """16 MB a token in eager mode, without recomputation."""
    shape = shape_of(models.get("gemma3-12b"))
    load = Workload(shape=shape, rank=16, rows=1, length=1000, width=2, processes=1, available=141)
    assert load.estimate("ddp", 1, recompute=False).activations * 2**30 / 1000 == pytest.approx(16e6, rel=0.05)


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("gemma3-1b", 13.05e6),
        ("gemma3-4b", 29.8e6),
        ("gemma3-12b", 65.5e6),
        ("qwen3-4b", 33.0e6),
        ("qwen2.5-coder-1.5b", 18.5e6),
    ],
)
def test_the_estimate_of_the_adapter_covers_the_real_one(name, counted):
    """Adapters of rank 16 on all linear layers, counted on models without weights."""
    load = Workload(shape=shape_of(models.get(name)), rank=16, rows=1, length=8, width=2, processes=1, available=80)
    assert 1 <= load.estimate("ddp", 1, False).adapter * 2**30 / 20 / counted < 1.4


@pytest.mark.parametrize("kind", ["sft", "dpo"])
@pytest.mark.parametrize(
    ("count", "gib", "strategy"), [(1, 141, "ddp"), (1, 80, "ddp"), (8, 80, "ddp"), (4, 24, "zero3")]
)
def test_gemma3_12b_is_sharded_only_where_it_does_not_fit_one_gpu(kind, count, gib, strategy):
    chosen = plan(models.get("gemma3-12b"), settings_of(kind, **LONG), LORA, gpus(count, gib))
    assert (chosen.strategy, chosen.dtype, chosen.processes) == (strategy, "bfloat16", count)


def test_recomputation_comes_before_sharding_and_after_a_smaller_micro_batch():
    spec = models.get("gemma3-12b")
    at_80 = plan(spec, settings_of("sft", **LONG), LORA, gpus(2, 80))
    assert (at_80.strategy, at_80.micro_batch, at_80.gradient_checkpointing) == ("ddp", 1, False)
    at_48 = plan(spec, settings_of("sft", **LONG), LORA, gpus(2, 48))
    assert (at_48.strategy, at_48.gradient_checkpointing) == ("ddp", True)
    assert "recomputed" in at_48.reasons


def test_zero2_is_only_taken_when_asked_for_and_says_what_it_is_worth():
    chosen = plan(models.get("gemma3-4b"), settings_of("sft"), LORA, gpus(2, 80), "zero2")
    assert chosen.strategy == "zero2"
    assert "optimiser" in chosen.reasons


def test_what_does_not_fit_is_refused_with_the_figures():
    with pytest.raises(InputError, match=r"needs about \d+ GiB \(22 of them weights\) and has 24") as caught:
        plan(models.get("gemma3-12b"), settings_of("sft", **LONG), LORA, gpus(1, 24))
    assert "smaller base_model" in caught.value.fix


def test_a_batch_that_the_processes_cannot_share_is_refused():
    with pytest.raises(InputError, match="cannot be divided among 3") as caught:
        plan(models.get("gemma3-1b"), settings_of("sft", batch_size=16), LORA, gpus(3, 80))
    assert "batch_size = 18" in caught.value.fix


def test_unknown_memory_is_explained_and_a_named_strategy_is_taken_on_trust():
    pool, training = gpus(4, 0), settings_of("sft", batch_size=24, micro_batch=4)
    with pytest.raises(InputError, match="memory of the pool's accelerators is unknown") as caught:
        plan(models.get("gemma3-12b"), training, LORA, pool.model_copy(update={"accelerators": 1}))
    assert "acceleratorMemoryGiB" in caught.value.fix
    chosen = plan(models.get("gemma3-1b"), training, LORA, pool, "ddp")
    assert (chosen.micro_batch, chosen.accumulation, chosen.memory) == (3, 2, None)
    assert "not checked" in chosen.reasons
    assert "?" in table({"sft": chosen})


def test_a_small_model_needs_no_known_memory():
    chosen = plan(models.get("tiny"), settings_of("sft"), LORA, gpus(2, 0))
    assert chosen.strategy == "ddp"
    assert chosen.memory.total < 8
    assert "8 GiB were assumed" in chosen.reasons


def test_a_model_of_unknown_size_is_explained_and_a_folder_is_measured(tmp_path):
    with pytest.raises(InputError, match="size of base model owner/model is unknown"):
        plan(models.get("owner/model"), settings_of("sft"), LORA, gpus(1, 80))
    folder = toy.make(tmp_path / "toy")
    shape = shape_of(models.get(str(folder)))
    weights = sum(math.prod(size) for size in _sizes(folder))
    assert shape.params == pytest.approx(weights, rel=0.2)
    assert (shape.hidden, shape.layers) == (32, 2)


def _sizes(folder: Path) -> list[tuple[int, ...]]:
    from safetensors import safe_open

    with safe_open(folder / "model.safetensors", "pt") as file:
        return [tuple(file.get_slice(name).get_shape()) for name in file.keys()]  # noqa: SIM118


def test_a_pool_of_cpus_counts_the_memory_of_its_nodes():
    pool = Pool(image="train:1", nodes=2, accelerator="", memory="16Gi")
    chosen = plan(models.get("tiny"), settings_of("sft"), LORA, pool)
    assert (chosen.strategy, chosen.processes, chosen.dtype, chosen.available_gib) == ("ddp", 2, "float32", 16)
    with pytest.raises(InputError, match="no amount of memory"):
        plan(models.get("tiny"), settings_of("sft"), LORA, pool.model_copy(update={"memory": "lots"}))


def test_a_plan_changes_only_how_a_job_is_divided(tmp_path):
    job = TrainingJob(kind="dpo", base="gemma3-12b", data=tmp_path, output=tmp_path, dpo=DpoSettings(**LONG))
    chosen = plan(models.get("gemma3-12b"), job.dpo, job.lora, gpus(4, 24))
    planned = apply(job, chosen)
    assert (planned.strategy, planned.dpo.micro_batch) == ("zero3", chosen.micro_batch)
    divided = {"micro_batch", "tokens_per_pass", "gradient_checkpointing", "dtype"}
    assert planned.dpo.model_dump(exclude=divided) == job.dpo.model_dump(exclude=divided)
    assert planned.model_dump(exclude={"dpo", "strategy"}) == job.model_dump(exclude={"dpo", "strategy"})


@pytest.mark.parametrize("pool", [gpus(1, 141), gpus(1, 80), gpus(8, 80), gpus(4, 24)], ids=str)
def test_the_profile_of_gemma3_12b_fits(pool):
    run = resolve("gemma3-12b")
    spec = models.get(run.base_model)
    plans = {
        name: plan(spec, getattr(run, name), run.lora, pool)
        for name, kind in (("sft", "sft"), ("dpo", "dpo"), ("dpo_further", "dpo"))
    }
    assert {chosen.strategy for chosen in plans.values()} == {"zero3" if pool.accelerator_memory_gib == 24 else "ddp"}
    text = table(plans)
    assert [line.split()[0] for line in text.splitlines()[:4]] == ["stage", "sft", "dpo", "dpo_further"]
    assert max(map(len, text.splitlines()[:4])) <= 120


@pytest.mark.parametrize(("profile", "gib"), [("gemma3-12b", 141), ("cluster", 80), ("gemma3-12b-qlora", 24)])
def test_a_profile_needs_no_plan_on_one_gpu_of_the_size_it_names(profile, gib):
    """Without a pool nothing is planned: what the profile says has to fit."""
    run = resolve(profile)
    for name in ("sft", "dpo", "dpo_further"):
        training = getattr(run, name)
        chosen = plan(models.get(run.base_model), training, run.lora, gpus(1, gib))
        assert (chosen.micro_batch, chosen.gradient_checkpointing) == (
            training.micro_batch,
            training.gradient_checkpointing,
        )


def test_tokens_of_a_pass_come_from_memory_and_the_settings_ask_for_fewer():
    spec = models.get("gemma3-12b")

    def tokens(gib, **changes):
        return plan(spec, settings_of("sft", **LONG | changes), LORA, gpus(1, gib)).tokens_per_pass

    assert 2048 < tokens(80) < tokens(141) <= MOST_TOKENS == tokens(500)
    assert tokens(500, tokens_per_pass=3000) == 3000
    assert tokens(500, tokens_per_pass=100) == 2048, "the longest row passes alone"
    assert tokens(500, tokens_per_pass=20_000) == 20_000
    assert tokens(141, tokens_per_pass=50_000) == tokens(141, tokens_per_pass=60_000) < 50_000
    assert tokens(500, batch_size=2) == 4096, "a step has no more"


@pytest.mark.parametrize("changes", [{"packing": False}, {"loss": ["kto"]}])
def test_padded_rows_have_no_tokens_of_a_pass(tmp_path, changes):
    job = TrainingJob(kind="dpo", base="gemma3-1b", data=tmp_path, output=tmp_path, dpo=DpoSettings(**changes))
    chosen = plan(models.get("gemma3-1b"), job.dpo, job.lora, gpus(1, 80))
    assert chosen.tokens_per_pass is None
    assert apply(job, chosen).dpo.tokens_per_pass is None
    assert idle_note(chosen, gpus(1, 80)) == ""


def test_small_passes_leave_a_gpu_idle_and_a_cpu_not():
    spec, training = models.get("gemma3-1b"), settings_of("sft", max_length=512, tokens_per_pass=BUSY_TOKENS - 1)
    pool = gpus(1, 80)
    assert f"passes of {BUSY_TOKENS - 1} tokens leave a GPU idle" in idle_note(plan(spec, training, LORA, pool), pool)
    busy = training.model_copy(update={"tokens_per_pass": BUSY_TOKENS})
    assert idle_note(plan(spec, busy, LORA, pool), pool) == ""
    cpus = Pool(image="train:1", accelerator="", memory="64Gi")
    assert idle_note(plan(spec, training, LORA, cpus), cpus) == ""


NF4 = LoraSettings(quantization="nf4")


def test_four_bits_fit_where_sixteen_do_not_and_the_error_says_so():
    spec, training = models.get("gemma3-12b"), settings_of("sft", **LONG)
    with pytest.raises(InputError, match="does not fit") as caught:
        plan(spec, training, LORA, gpus(1, 24))
    assert "lora.quantization = nf4" in caught.value.fix
    chosen = plan(spec, training, NF4, gpus(2, 24))
    assert chosen.strategy == "ddp"
    assert "in 4 bits" in chosen.reasons
    assert "Sampling holds the base in full, 26 GiB" in chosen.reasons
    assert "Sampling" not in plan(spec, training, NF4, gpus(1, 48)).reasons


@pytest.mark.parametrize("strategy", ["zero2", "zero3"])
def test_a_base_in_four_bits_is_never_sharded(strategy, tmp_path):
    with pytest.raises(InputError, match=f"{strategy} does not go with a base in 4 bits"):
        plan(models.get("gemma3-12b"), settings_of("sft"), NF4, gpus(2, 80), strategy)
    from codekiln.training.run import run

    with pytest.raises(InputError, match="does not go with a base in 4 bits"):
        run(TrainingJob(kind="sft", base="tiny", data=tmp_path, output=tmp_path, strategy=strategy, lora=NF4))


def test_the_estimate_of_a_base_in_four_bits_covers_what_is_loaded(tmp_path):
    """Counted on a model whose linear layers are as large a share as in real ones."""
    import torch

    from codekiln.models.loading import load_model

    folder = toy.make(tmp_path / "toy")
    spec = models.get(str(folder))
    model = load_model(spec, "float32", "nf4")
    held = sum(weight.numel() * weight.element_size() for weight in model.parameters())
    states = [weight.quant_state for weight in model.parameters() if weight.dtype is torch.uint8]
    held += sum(state.absmax.numel() + state.state2.absmax.numel() * 4 for state in states)
    load = Workload(shape=shape_of(spec), rank=4, rows=1, length=8, width=4, processes=1, available=8, quantized=True)
    assert load.estimate("ddp", 1, False).weights * 2**30 == pytest.approx(held, rel=0.1)


def test_the_estimate_grows_with_dora_and_a_reference():
    shape = shape_of(models.get("gemma3-4b"))
    load = Workload(shape=shape, rank=16, rows=1, length=512, width=2, processes=1, available=80)
    plain = load.estimate("ddp", 1, False)
    assert load.model_copy(update={"dora": True}).estimate("ddp", 1, False).activations > 1.6 * plain.activations
    assert load.model_copy(update={"reference": True}).estimate("ddp", 1, False).adapter == 1.2 * plain.adapter


def test_kto_keeps_two_rows_in_a_micro_batch_and_takes_half_the_memory_of_pairs():
    spec, pool = models.get("gemma3-4b"), gpus(2, 80)
    kto = plan(spec, settings_of("dpo", loss=["kto"], batch_size=16, micro_batch=2), LORA, pool)
    pairs = plan(spec, settings_of("dpo", batch_size=16, micro_batch=2, packing=False), LORA, pool)
    assert (kto.micro_batch, kto.memory.activations) == (2, pairs.memory.activations / 2)
    with pytest.raises(InputError, match="2 rows or more") as caught:
        plan(spec, settings_of("dpo", loss=["kto"], batch_size=6, micro_batch=2), LORA, pool)
    assert "batch_size = 8" in caught.value.fix
