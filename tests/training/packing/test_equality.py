"""Packed rows give the losses, gradients and adapters that TRL gives on padded ones."""

import pytest

from tests import toy_models as toy
from tests.training.packing import trainers

ARCHITECTURES = ["Qwen3ForCausalLM", "Gemma3ForCausalLM", "LlamaForCausalLM", "Qwen2ForCausalLM"]
PAIR_LOSSES = ["sigmoid", "sigmoid_norm", "hinge", "ipo", "sft", "apo_zero", "apo_down", "dpop", "simpo", "orpo"]
# Rows have 30 to 110 tokens: several passes, of several rows.
TIGHT = {"tokens_per_pass": 200}
LOGGED = ("loss", "grad_norm", "mean_token_accuracy", "rewards/margins", "rewards/accuracies", "logps/chosen")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A base model, and an adapter that is not its own reference's."""
    folder = tmp_path_factory.mktemp("packing")
    toy.make(folder / "base")
    start = trainers.build(trainers.job_of(folder, "sft"), packed=False)
    start.train()
    start.model.save_pretrained(folder / "adapter")
    return folder


def same(found: dict, wanted: dict, tolerance: float = 2e-5) -> None:
    import torch

    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        torch.testing.assert_close(
            found[name], value, rtol=tolerance, atol=tolerance * float(value.abs().max()), msg=name
        )


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("kind", ["sft", "dpo"])
def test_loss_and_gradients_are_those_of_trl(tmp_path, architecture, kind):
    """The sliding window of Gemma3 is 16 tokens, so that it binds in every row."""
    toy.make(tmp_path / "base", architecture)
    found, wanted = (
        trainers.gradients(trainers.build(trainers.job_of(tmp_path, kind, **TIGHT), packed)) for packed in (True, False)
    )
    assert max(float(value.abs().max()) for name, value in wanted.items() if name != "loss") > 1e-3
    same(found, wanted)


@pytest.mark.parametrize("variant", [{"quantization": "nf4"}, {"dora": True}], ids=str)
def test_variants_of_lora_have_the_same_gradients(place, variant):
    job = trainers.job_of(place, "sft", lora=variant, **TIGHT)
    found, wanted = (trainers.gradients(trainers.build(job, packed)) for packed in (True, False))
    same(found, wanted)


@pytest.mark.parametrize("loss", PAIR_LOSSES)
def test_each_loss_of_pairs_is_trls_or_that_of_padded_rows(place, loss):
    """Against the base, from which the adapter has moved, so that no ratio is 0."""
    job = trainers.job_of(place, "dpo", adapter=place / "adapter", loss=[loss], reference="base", **TIGHT)
    found, wanted = (trainers.gradients(trainers.build(job, packed)) for packed in (True, False))
    same(found, wanted)


@pytest.mark.parametrize(
    "focus",
    [{"focus": "lines", "focus_rest": 0.25}, {"focus": "tokens", "focus_on": "both", "loss": ["sigmoid", "sft"]}],
)
def test_focus_weighs_the_same_tokens(place, focus):
    job = trainers.job_of(place, "dpo", adapter=place / "adapter", reference="base", **focus, **TIGHT)
    found, wanted = (trainers.gradients(trainers.build(job, packed)) for packed in (True, False))
    same(found, wanted)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("sft", {}),
        ("sft", {"gradient_checkpointing": True}),
        ("dpo", {"loss": ["sigmoid", "sft"], "loss_weights": [1.0, 3.0]}),
        ("dpo", {"loss": ["ipo"], "reference": "base"}),
        ("dpo", {"loss": ["dpop", "sigmoid"], "gradient_checkpointing": True}),
    ],
    ids=str,
)
def test_a_short_training_ends_where_trls_ends(place, kind, settings):
    """Three steps of two epochs each; the reference of DPO is the adapter it starts from, or the base."""
    job = trainers.job_of(place, kind, adapter=place / "adapter", learning_rate=1e-3, **settings, **TIGHT)
    packed, padded = (trainers.build(job, packed) for packed in (True, False))
    before = trainers.weights(packed)
    found, wanted = (trainers.history(trainer, LOGGED) for trainer in (packed, padded))
    assert len(wanted) == 3 * (3 if kind == "sft" else 6)
    assert found == pytest.approx(wanted, rel=1e-4, abs=1e-5)
    same(trainers.weights(packed), trainers.weights(padded), tolerance=2e-3)
    moved = [(after - before[name]).abs().max() for name, after in trainers.weights(packed).items()]
    assert min(moved) > 1e-4


def test_evaluation_is_the_mean_over_all_held_out_rows(place):
    job = trainers.job_of(place, "dpo", adapter=place / "adapter", reference="base", **TIGHT)
    found, wanted = (trainers.build(job, packed, held=8) for packed in (True, False))
    found, wanted = found.evaluate(), wanted.evaluate()
    for name in ("eval_loss", "eval_rewards/margins", "eval_rewards/accuracies", "eval_logps/rejected"):
        assert found[name] == pytest.approx(wanted[name], rel=1e-5), name


@pytest.mark.parametrize("kind", ["sft", "dpo"])
def test_the_loss_does_not_depend_on_how_rows_are_divided_into_passes(place, kind):
    budgets = [{"tokens_per_pass": 1}, {"tokens_per_pass": 150}, {"micro_batch": 3}, {"tokens_per_pass": 10_000}]
    jobs = [trainers.job_of(place, kind, adapter=place / "adapter", **budget) for budget in budgets]
    first, *others = (trainers.gradients(trainers.build(job, packed=True)) for job in jobs)
    for found in others:
        same(found, first)
