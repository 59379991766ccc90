"""The loss on what differs within a pair: which tokens that is, plain DPO at weight one, and Target-DPO by hand."""

import pytest
from pydantic import ValidationError

from codekiln.training.settings import DpoSettings
from tests import toy_models as toy
from tests.training.test_training import LORA, curve, train

END = 9
LINES = frozenset({END})


def test_whole_lines_differ_or_single_tokens():
    from codekiln.training.focus import differing

    chosen, rejected = (1, 2, END, 3, 4, END, 7), (1, 2, END, 3, 5, 4, END, 6, END, 7)
    same, other = [False] * 3, [True] * 3
    assert differing(chosen, rejected, LINES)[0] == [*same, *other, False]
    assert differing(chosen, rejected, LINES)[1] == [*same, *other, True, True, True, False]
    assert differing(chosen, rejected, None)[0] == [False] * 7
    assert differing(chosen, rejected, None)[1] == [*same, False, True, False, False, True, True, False]
    assert differing(chosen, chosen, LINES) == ([False] * 7, [False] * 7)


def test_the_other_tokens_weigh_what_is_asked_on_the_side_that_is_asked():
    from codekiln.training.focus import Focus

    def weights(**fields):
        return Focus(DpoSettings(focus="tokens", **fields), None).weights((1, 2, 3), (1, 5, 3))

    assert weights() == ([1, 1, 1], [0, 1, 0])
    assert weights(focus_rest=0.25, focus_on="both") == ([0.25, 1, 0.25], [0.25, 1, 0.25])
    assert weights(focus_rest=1.0, focus_on="both") == ([1, 1, 1], [1, 1, 1])


@pytest.mark.parametrize("loss", [["simpo"], ["sigmoid", "orpo"], ["kto"], ["sft"]])
def test_losses_without_a_log_ratio_have_no_focus(loss):
    with pytest.raises(ValidationError, match="focus weights log-ratios"):
        DpoSettings(focus="lines", loss=loss)


def trainer_of(folder, **settings):
    """Return the trainer of padded pairs whose policy is not its reference; test_equality.py compares packed ones."""
    import torch

    from codekiln import models
    from codekiln.models.chat_tokenizer import load_chat_tokenizer
    from codekiln.training import run
    from codekiln.training.job import TrainingJob
    from codekiln.training.row_validation import validate_rows

    dpo = {"packing": False, "micro_batch": 4, "batch_size": 4, "holdout": 0.0, "epochs": 1, **settings}
    job = TrainingJob(
        kind="dpo", base=str(folder / "base"), data=folder / "pairs", output=folder / "x",
        lora=LORA | {"dropout": 0.0}, dpo=dpo,
    )  # fmt: skip
    spec = models.get(job.base)
    chat = load_chat_tokenizer(spec)
    rows = validate_rows(PAIRS, chat, 1024, where="x")
    trainer, _ = run._trainer(job, spec, chat, rows)
    torch.manual_seed(0)
    for name, weight in trainer.model.named_parameters():
        if "lora_B" in name:
            weight.data.normal_(std=0.3)
    return trainer, rows.rows


PAIRS = toy.pairs(4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("focus")
    toy.make(path / "base")
    toy.write_rows(path / "pairs", PAIRS)
    return path


def loss_of(folder, **settings):
    """Return the loss of a batch, its gradient, and the log-ratios of the tokens of each completion."""
    import torch

    trainer, rows = trainer_of(folder, **settings)
    batch = trainer.data_collator(list(rows))
    trainer.model.eval()
    loss = trainer._compute_loss(trainer.model, batch)
    loss.backward()
    gradient = torch.cat([weight.grad.flatten() for weight in trainer.model.parameters() if weight.grad is not None])
    return loss.item(), gradient, trainer, rows


@pytest.mark.parametrize(
    ("losses", "side"), [(["sigmoid", "sft"], "rejected"), (["sigmoid", "sft"], "both"), (["dpop", "ipo"], "rejected")]
)
def test_at_weight_one_it_is_plain_dpo(folder, losses, side):
    import torch

    plain, gradient, *_ = loss_of(folder, loss=losses)
    loss, found, *_ = loss_of(folder, loss=losses, focus="lines", focus_rest=1.0, focus_on=side)
    assert loss == pytest.approx(plain, rel=1e-6)
    assert torch.allclose(found, gradient, rtol=1e-5, atol=1e-8)
    focused, other, *_ = loss_of(folder, loss=losses, focus="lines", focus_on=side)
    assert focused != pytest.approx(plain, rel=1e-4)
    assert not torch.allclose(other, gradient, rtol=1e-2, atol=1e-6)


@pytest.mark.parametrize("side", ["rejected", "both"])
def test_the_loss_is_target_dpos(folder, side):
    """Log-ratios of tokens are computed apart here, and summed over the chosen reply and what differs in the other."""
    import torch

    settings = {"loss": ["sigmoid", "sft"], "loss_weights": [1.0, 0.5], "beta": 0.3, "focus_rest": 0.25}
    loss, _, trainer, rows = loss_of(folder, focus="lines", focus_on=side, **settings)
    values, chosen = [], []
    for row in rows:
        sides = trainer._focus.weights(tuple(row["chosen_ids"]), tuple(row["rejected_ids"]))
        assert {1.0, 0.25} == set(sides[1])
        ratios = []
        for answer, weights in zip((row["chosen_ids"], row["rejected_ids"]), sides, strict=True):
            own = token_scores(trainer.model, row["prompt_ids"], answer)
            with trainer.model.disable_adapter():
                other = token_scores(trainer.model, row["prompt_ids"], answer)
            ratios.append(((own - other) * torch.tensor(weights)).sum())
            chosen += own.tolist() if answer is row["chosen_ids"] else []
        values.append(-torch.nn.functional.logsigmoid(0.3 * (ratios[0] - ratios[1])).item())
    wanted = sum(values) / len(values) - 0.5 * sum(chosen) / len(chosen)
    assert loss == pytest.approx(wanted, rel=1e-4)


def token_scores(model, prompt, answer):
    import torch

    with torch.inference_mode():
        scores = model(torch.tensor([prompt + answer])).logits[0, len(prompt) - 1 : -1].log_softmax(-1)
    return scores.gather(1, torch.tensor(answer)[:, None])[:, 0]


def test_a_run_with_a_focus_learns(folder):
    train(folder, "focused", "dpo", settings={"focus": "lines", "holdout": 0.25, "epochs": 3})
    losses = [entry["eval_loss"] for entry in curve(folder, "focused") if "eval_loss" in entry]
    assert losses[-1] < losses[0]
