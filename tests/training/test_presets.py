"""Variants of LoRA, quantised bases, and losses beside DPO's: each trains for real, and means what its paper says."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from codekiln.errors import InputError
from codekiln.training.settings import DpoSettings, LoraSettings
from tests import toy_models as toy
from tests.training.test_training import curve, job_of, likelihoods_of, train

PLAIN = {"r": 4, "alpha": 8, "dropout": 0.0}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("presets")
    toy.make(folder / "base")
    toy.write_rows(folder / "examples", toy.examples(16))
    toy.write_rows(folder / "pairs", toy.pairs(16))
    toy.write_rows(folder / "labelled", toy.labelled(16))
    return folder


def config_of(place: Path, output: str) -> dict:
    return json.loads((place / output / "adapter_config.json").read_text())


VARIANTS = {
    "dora": {"dora": True},
    "rslora": {"rslora": True, "r": 8},
    "targets": {"targets": ["q_proj", "v_proj"]},
    "nf4": {"quantization": "nf4"},
    "nf4-dora-rslora": {"quantization": "nf4", "dora": True, "rslora": True},
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name.count("-") else [pytest.mark.slow]) for name in VARIANTS]
)
def test_a_variant_trains_continues_with_dpo_and_is_sampled_as_it_was_trained(place, name):
    import torch

    lora = PLAIN | VARIANTS[name]
    # The profile for one GPU of 48 GiB recomputes activations.
    more = {"gradient_checkpointing": name == "nf4"}
    first = train(place, name, lora=lora, settings={"epochs": 2, **more})
    assert first.best_eval_loss < first.first_eval_loss
    train(
        place,
        f"{name}-dpo",
        "dpo",
        adapter=place / name,
        lora=lora,
        settings={"epochs": 2, "loss": ["sigmoid"], **more},
    )
    points = [entry for entry in curve(place, f"{name}-dpo") if "eval_loss" in entry]
    assert points[0]["eval_rewards/margins"] == 0
    assert points[-1]["eval_rewards/margins"] > 0
    assert {weight.dtype for weight in weights_of(place / f"{name}-dpo").values()} == {torch.float32}
    for folder in (name, f"{name}-dpo"):
        config = config_of(place, folder)
        assert (config["use_dora"], config["use_rslora"]) == (lora.get("dora", False), lora.get("rslora", False))
        assert config["r"] == lora["r"]
        assert config["target_modules"] == sorted(lora.get("targets", config["target_modules"]))
        record = json.loads((place / folder / "codekiln.json").read_text())
        assert record["quantization"] == lora.get("quantization", "none")
    merged_equals_unmerged(place, place / f"{name}-dpo")


def weights_of(adapter: Path) -> dict:
    from safetensors.torch import load_file

    return load_file(adapter / "adapter_model.safetensors")


@pytest.mark.slow
def test_small_steps_reach_an_adapter_on_a_base_in_four_bits(place):
    """Around 0.1, numbers in bfloat16 are further apart than a hundred steps of this learning rate."""
    lora = PLAIN | {"quantization": "nf4"}
    train(place, "four-bits", lora=lora, settings={"epochs": 1})
    settings = {"epochs": 1, "learning_rate": 1e-6, "loss": ["sigmoid"]}
    train(place, "small", "dpo", adapter=place / "four-bits", lora=lora, settings=settings)
    before, after = (weights_of(place / name) for name in ("four-bits", "small"))
    changed = [(after[name] != weight).float().mean().item() for name, weight in before.items()]
    assert min(changed) > 0.9


def merged_equals_unmerged(place: Path, adapter: Path) -> None:
    """The generator merges in float32; its full-precision policy is base plus adapter."""
    import torch

    from codekiln import models
    from codekiln.inference.local import LocalGenerator
    from codekiln.models.loading import attach_adapter, load_model

    spec = models.get(str(place / "base"))
    merged = LocalGenerator(str(place / "base"), adapter).model
    apart = attach_adapter(load_model(spec), spec, adapter)
    ids = torch.arange(4, 30)[None]
    with torch.inference_mode():
        found, wanted, bare = (model(ids).logits for model in (merged, apart, load_model(spec)))
    assert not hasattr(merged, "peft_config")
    assert torch.allclose(found, wanted, atol=2e-4)
    assert not torch.allclose(wanted, bare, atol=1e-2)


@pytest.mark.parametrize(
    ("target", "said"), [("q_prj", "no layer 'q_prj'.*\n.*did you mean 'q_proj'"), ("lm_head", "LM head gets no")]
)
def test_targets_that_the_model_does_not_have_are_refused(place, target, said):
    with pytest.raises(InputError) as caught:
        train(place, "never", lora=PLAIN | {"targets": [target]})
    assert re.search(said, str(caught.value))


def test_rslora_scales_by_the_root_of_the_rank(place):
    from codekiln.models import get
    from codekiln.models.loading import load_model
    from codekiln.training.arguments import lora_config

    spec = get(str(place / "base"))
    from peft import get_peft_model

    for rslora, wanted in ((False, 8 / 16), (True, 8 / math.sqrt(16))):
        model = get_peft_model(load_model(spec), lora_config(spec, LoraSettings(r=16, alpha=8, rslora=rslora)))
        assert model.base_model.model.model.layers[0].self_attn.q_proj.scaling["default"] == wanted


def test_a_quantised_base_is_in_four_bits_and_its_adapter_says_so(place):
    import torch

    from codekiln import models
    from codekiln.models.loading import load_model

    model = load_model(models.get(str(place / "base")), "auto", "nf4")
    weight = model.model.layers[0].self_attn.q_proj.weight
    assert weight.dtype is torch.uint8
    assert weight.quant_state.quant_type == "nf4"
    assert weight.quant_state.nested
    assert model.lm_head.weight.dtype is torch.float32


def test_without_bitsandbytes_a_quantised_base_is_refused(place, monkeypatch):
    from codekiln.models import quantization

    monkeypatch.setattr(quantization, "uninstalled", lambda extra: ["bitsandbytes"])
    with pytest.raises(InputError, match=r"lora\.quantization: needs the package bitsandbytes"):
        train(place, "never", lora=PLAIN | {"quantization": "nf4"})


# In the papers' terms: log-likelihoods of two pairs, summed, and their lengths.
CHOSEN, REJECTED = np.array([-12.0, -30.0]), np.array([-20.0, -24.0])
LENGTHS = np.array([8, 10]), np.array([10, 12])


def likelihoods():
    import torch

    from codekiln.training.losses import Likelihoods

    arrays = (CHOSEN, REJECTED, np.zeros(2), np.zeros(2), *LENGTHS, CHOSEN)
    return Likelihoods(*(torch.tensor(array, dtype=torch.float64) for array in arrays))


def test_simpo_is_equation_6_of_its_paper():
    from codekiln.training.losses import OWN

    inner = 2.5 / LENGTHS[0] * CHOSEN - 2.5 / LENGTHS[1] * REJECTED - 1.4
    wanted = np.mean(np.log1p(np.exp(-inner)))
    found = OWN["simpo"](likelihoods(), DpoSettings(loss=("simpo",), simpo_beta=2.5, simpo_margin=1.4))
    assert found.mean().item() == pytest.approx(wanted)


def test_orpo_is_equations_6_and_7_of_its_paper():
    from codekiln.training.losses import OWN

    p_chosen, p_rejected = np.exp(CHOSEN / LENGTHS[0]), np.exp(REJECTED / LENGTHS[1])
    ratio = (p_chosen / (1 - p_chosen)) / (p_rejected / (1 - p_rejected))
    wanted = np.mean(-CHOSEN / LENGTHS[0] - 0.25 * np.log(1 / (1 + np.exp(-np.log(ratio)))))
    found = OWN["orpo"](likelihoods(), DpoSettings(loss=("orpo",), orpo_lambda=0.25))
    assert found.mean().item() == pytest.approx(wanted, rel=1e-5)


def test_orpo_is_finite_for_a_completion_that_is_certain():
    import torch

    from codekiln.training.losses import orpo_loss

    mean = torch.zeros(1, requires_grad=True)
    loss = orpo_loss(mean, torch.tensor([-1.0]), 0.1)
    loss.sum().backward()
    assert torch.isfinite(loss).all()
    assert torch.isfinite(mean.grad).all()


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["simpo", "orpo"])
def test_a_reference_free_loss_widens_the_margin_and_asks_no_reference(place, loss, monkeypatch):
    from trl.trainer import dpo_trainer

    def never(*args, **kwargs):
        raise AssertionError("the reference policy was asked")

    train(place, "start", lora=PLAIN, settings={"epochs": 1})
    monkeypatch.setattr(dpo_trainer, "use_adapter", never)
    settings = {"loss": [loss], "epochs": 2, "simpo_beta": 1.5, "simpo_margin": 0.3, "orpo_lambda": 3}
    done = train(place, loss, "dpo", adapter=place / "start", lora=PLAIN, settings=settings)
    assert done.best_eval_loss < done.first_eval_loss
    assert json.loads((place / loss / "codekiln.json").read_text())["reference"] is None
    before, after = (likelihoods_of(place, place / name, toy.pairs(16)) for name in ("start", loss))
    # Both losses are of a token's mean, and all chosen completions are of one length, as are all rejected ones.
    tokens = [len(toy.tokenizer()(toy.program(1, style)).input_ids) for style in ("short", "long")]
    change = (after - before).mean(0)
    assert change[0] / tokens[0] > change[1] / tokens[1]


@pytest.mark.parametrize(("losses", "asks"), [(["simpo", "sft"], False), (["simpo", "ipo"], True)], ids=str)
def test_a_reference_is_asked_where_a_loss_needs_one(losses, asks):
    assert DpoSettings(loss=losses).needs_reference is asks


def test_the_loss_of_a_mixture_is_the_sum_that_is_trained(place):
    """Against likelihoods that are computed beside the trainer, on the held-out pairs before the first step."""
    import torch

    from codekiln.models import get
    from codekiln.models.chat_tokenizer import load_chat_tokenizer
    from codekiln.training.row_validation import split_holdout, validate_rows

    rows = toy.pairs(16)
    settings = {"loss": ["sigmoid", "simpo"], "loss_weights": [1.0, 0.5], "epochs": 1, "holdout": 0.5}
    train(place, "mixture", "dpo", lora=PLAIN, settings=settings)
    held = split_holdout([row.group for row in rows], 0.5, 0)[1]
    sums = likelihoods_of(place, None, [rows[index] for index in held])
    tokens = validate_rows(rows, load_chat_tokenizer(get(str(place / "base"))), 1024, where="x").rows
    lengths = torch.tensor([[len(tokens[i]["chosen_ids"]), len(tokens[i]["rejected_ids"])] for i in held])
    means = sums / lengths
    simpo = -torch.nn.functional.logsigmoid(2.0 * (means[:, 0] - means[:, 1]) - 1.0).mean().item()
    assert curve(place, "mixture")[0]["eval_loss"] == pytest.approx(math.log(2) + 0.5 * simpo, rel=1e-3)


@pytest.mark.parametrize(("good", "said"), [(True, "good"), (False, "bad")])
def test_kto_asks_for_rows_of_both_labels(good, said):
    from codekiln.training.kto import _balance

    with pytest.raises(InputError) as refused:
        _balance([good, good])
    assert str(refused.value) == (
        f"dpo.loss: all 2 training rows are {said} replies, and KTO needs both\n"
        "  fix: give rows of both labels, or train on what is good with sft"
    )


def test_kto_is_equation_7_of_its_paper_and_moves_both_sides(place):
    done = train(place, "kto", "dpo", data=place / "labelled", lora=PLAIN, settings={"loss": ["kto"], "epochs": 2})
    assert done.best_eval_loss < done.first_eval_loss
    points = [entry for entry in curve(place, "kto") if "eval_loss" in entry]
    # Before the first step policy and reference are one: every reply has the value sigmoid(0), and so the loss 1 / 2.
    assert points[0]["eval_loss"] == pytest.approx(0.5, abs=1e-6)
    assert points[-1]["eval_rewards/margins"] > 0.02 > points[0]["eval_rewards/margins"] == 0
    assert json.loads((place / "kto" / "codekiln.json").read_text())["reference"] == "previous"
    change = (likelihoods_of(place, place / "kto", toy.pairs(16)) - likelihoods_of(place, None, toy.pairs(16))).mean(0)
    assert change[0] > 0 > change[1]


@pytest.mark.slow
def test_the_kto_loss_of_a_trained_policy_is_the_papers(place):
    """One micro-batch of held-out rows, the policy an adapter trained before, the reference the base."""
    import torch

    rows = toy.labelled(4)
    toy.write_rows(place / "few", rows)
    train(place, "before", lora=PLAIN, settings={"epochs": 2})
    settings = {"loss": ["kto"], "epochs": 1, "holdout": 0.5, "reference": "base", "beta": 0.5, "kto_desirable": 1.3}
    train(place, "eq", "dpo", data=place / "few", adapter=place / "before", lora=PLAIN, settings=settings)

    from datasets import Dataset

    from codekiln.models import get
    from codekiln.models.chat_tokenizer import load_chat_tokenizer
    from codekiln.models.loading import attach_adapter, load_model
    from codekiln.training.kto import _with_mismatched
    from codekiln.training.row_validation import split_holdout, validate_rows

    spec = get(str(place / "base"))
    held = split_holdout([row.group for row in rows], 0.5, 0)[1]
    tokens = validate_rows([rows[i] for i in held], load_chat_tokenizer(spec), 1024, where="x").rows
    batch = _with_mismatched(Dataset.from_list(list(tokens)), 8, 0)
    bare = load_model(spec)
    policy = attach_adapter(load_model(spec), spec, place / "before")

    def ratio(prompt, answer):
        ids = torch.tensor([prompt + answer])
        with torch.inference_mode():
            logs = [
                model(ids)
                .logits[0, len(prompt) - 1 : -1]
                .log_softmax(-1)
                .gather(1, torch.tensor(answer)[:, None])
                .sum()
                for model in (policy, bare)
            ]
        return (logs[0] - logs[1]).item()

    ratios = np.array([ratio(row["prompt_ids"], row["completion_ids"]) for row in batch])
    z = max(0.0, np.mean([ratio(row["prompt_ids"], row["KL_completion_ids"]) for row in batch]))
    good = np.array(batch["label"])
    value = 1 / (1 + np.exp(-0.5 * np.where(good, ratios - z, z - ratios)))
    wanted = np.mean(np.where(good, 1.3, 1.0) * (1 - value))
    assert curve(place, "eq")[0]["eval_loss"] == pytest.approx(wanted, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["kto", "simpo"])
def test_a_run_that_dies_goes_on_to_the_same_adapter(place, loss, monkeypatch):
    """On a base in 4 bits, from the checkpoint before the last."""
    from codekiln.data.files import sha256_file
    from codekiln.training import checkpoints

    more = {"lora": PLAIN | {"quantization": "nf4"}, "data": place / ("labelled" if loss == "kto" else "pairs")}
    more["settings"] = {"loss": [loss], "epochs": 3, "patience": 0, "eval_every": 1}
    train(place, f"{loss}-straight", "dpo", **more)
    complete = checkpoints.complete

    def die(output, step):
        complete(output, step)
        if step == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoints, "complete", die)
    with pytest.raises(KeyboardInterrupt):
        train(place, f"{loss}-dies", "dpo", **more)
    monkeypatch.undo()
    assert train(place, f"{loss}-dies", "dpo", **more).resumed_from == 2
    weights = [place / f"{loss}-{name}" / "adapter_model.safetensors" for name in ("straight", "dies")]
    assert sha256_file(weights[0]) == sha256_file(weights[1])


def test_a_mismatched_completion_is_of_another_row_of_the_micro_batch():
    from codekiln.training.kto import _other

    assert [_other(place, 3, 7) for place in range(7)] == [2, 0, 1, 5, 3, 4, 5]
    assert [_other(place, 4, 4) for place in range(4)] == [3, 0, 1, 2]


def test_kto_with_one_label_is_refused(place):
    toy.write_rows(place / "good", [row for row in toy.labelled(8) if row.label])
    with pytest.raises(InputError, match="all 6 training rows are good"):
        train(place, "never", "dpo", data=place / "good", settings={"loss": ["kto"]})


def test_kto_wants_labelled_rows_and_stands_alone(place):
    with pytest.raises(InputError, match="Labelled rows"):
        train(place, "never", "dpo", settings={"loss": ["kto"]})
    with pytest.raises(ValidationError, match="cannot be added"):
        DpoSettings(loss=("kto", "sft"))
    with pytest.raises(ValidationError, match="micro_batch is at least 2"):
        DpoSettings(loss=("kto",), micro_batch=1)


def test_kto_balances_its_sides_and_the_job_is_another(place):
    from codekiln.training.kto import _balance

    assert _balance([True, True, True, False]) == pytest.approx(1 / 3)
    one, other = (job_of(place, "x", "dpo", settings={"loss": [loss]}) for loss in ("kto", "simpo"))
    assert one.digest() != other.digest()
