import json
import math
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from codekiln.data.files import sha256_file
from codekiln.errors import InputError
from codekiln.training.job import TrainingJob
from tests import toy_models as toy

QUICK = {"epochs": 3, "learning_rate": 5e-3, "batch_size": 8, "micro_batch": 8, "holdout": 0.2}
LORA = {"r": 4, "alpha": 8, "dropout": 0.1}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A base model, examples, pairs, and an SFT adapter trained on them."""
    folder = tmp_path_factory.mktemp("training")
    toy.make(folder / "base")
    toy.write_rows(folder / "examples", toy.examples(24))
    toy.write_rows(folder / "pairs", toy.pairs(24))
    train(folder, "sft")
    return folder


def job_of(place: Path, output: str, kind: str = "sft", **changes) -> TrainingJob:
    data = place / ("examples" if kind == "sft" else "pairs")
    settings = {kind: QUICK | changes.pop("settings", {})}
    return TrainingJob(
        **{"kind": kind, "base": str(place / "base"), "data": data, "output": place / output, "lora": LORA}
        | settings
        | changes
    )


def train(place: Path, output: str, kind: str = "sft", **changes):
    from codekiln.training.run import run

    return run(job_of(place, output, kind, **changes))


def curve(place: Path, output: str) -> list[dict]:
    return [json.loads(line) for line in (place / output / "curve.jsonl").read_text().splitlines()]


def summary_of(place: Path, output: str) -> dict:
    return json.loads((place / output / "summary.json").read_text())


def logits_of(place: Path, adapter: Path | None):
    import torch

    from codekiln import models
    from codekiln.models.loading import attach_adapter, load_model

    spec = models.get(str(place / "base"))
    model = load_model(spec)
    if adapter:
        model = attach_adapter(model, spec, adapter)
    with torch.inference_mode():
        return model(torch.arange(4, 30)[None]).logits


def test_sft_lowers_the_held_out_loss_and_leaves_only_results(place):
    summary = summary_of(place, "sft")
    assert summary["best_eval_loss"] < 0.9 * summary["first_eval_loss"]
    assert summary["train_rows"] + summary["holdout_rows"] == 24
    assert summary["tokens"] > 24 * 30
    assert sorted(path.name for path in (place / "sft").iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
        "chat_template.jinja",
        "codekiln.json",
        "curve.jsonl",
        "generation_config.json",
        "rejected.jsonl",
        "summary.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    assert (place / "sft" / "chat_template.jinja").read_text() == toy.CHATML
    steps = [entry["step"] for entry in curve(place, "sft")]
    assert steps == list(range(summary["steps"] + 1))
    assert json.loads((place / "sft" / "adapter_config.json").read_text())["r"] == LORA["r"]


@pytest.mark.parametrize("architecture", ["Gemma3ForCausalLM", "Qwen2ForCausalLM"])
def test_other_architectures_train_and_continue(tmp_path, architecture):
    toy.make(tmp_path / "base", architecture)
    toy.write_rows(tmp_path / "examples", toy.examples(16))
    toy.write_rows(tmp_path / "pairs", toy.pairs(16))
    first = train(tmp_path, "sft", settings={"epochs": 2})
    assert first.best_eval_loss < first.first_eval_loss
    second = train(tmp_path, "dpo", "dpo", adapter=tmp_path / "sft", settings={"epochs": 2})
    assert second.best_eval_loss < second.first_eval_loss


def test_the_saved_adapter_is_the_trained_policy_bit_for_bit(place, tmp_path):
    import torch

    from codekiln.training import adapter, run

    seen = []

    class Spy:
        def __getattr__(self, name):
            return getattr(adapter, name)

        def save(self, trainer, *rest):
            with torch.inference_mode():
                seen.append(trainer.model.eval()(torch.arange(4, 30)[None]).logits)
            adapter.save(trainer, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "adapter", Spy())
        run.run(job_of(place, "spied", settings={"epochs": 1}))
    assert torch.equal(seen[0], logits_of(place, place / "spied"))
    assert not torch.equal(seen[0], logits_of(place, None))


def test_the_same_seed_gives_the_same_adapter_and_another_seed_another(place):
    digest = sha256_file(place / "sft" / "adapter_model.safetensors")
    train(place, "again")
    assert sha256_file(place / "again" / "adapter_model.safetensors") == digest
    train(place, "other", seed=1)
    assert sha256_file(place / "other" / "adapter_model.safetensors") != digest


def test_a_job_that_is_done_is_not_done_again_and_a_changed_one_is(place):
    weights = place / "done" / "adapter_model.safetensors"
    first = train(place, "done", settings={"epochs": 1})
    made = weights.stat().st_mtime_ns
    assert train(place, "done", settings={"epochs": 1}) == first
    assert weights.stat().st_mtime_ns == made
    assert train(place, "done", settings={"epochs": 2}).steps == 2 * first.steps
    assert weights.stat().st_mtime_ns > made


def test_dpo_raises_the_held_out_margin_from_exactly_zero(place):
    train(place, "dpo", "dpo", adapter=place / "sft", settings={"loss": ["sigmoid"]})
    points = [entry for entry in curve(place, "dpo") if "eval_loss" in entry]
    assert points[0]["eval_rewards/margins"] == 0
    assert points[0]["eval_loss"] == pytest.approx(math.log(2), abs=1e-6)
    assert points[-1]["eval_rewards/margins"] > 0.05
    record = json.loads((place / "dpo" / "codekiln.json").read_text())
    assert record["reference"] == "previous"
    assert record["parent"] == sha256_file(place / "sft" / "adapter_model.safetensors")
    assert not (place / "dpo" / "ref").exists()


def test_the_base_reference_is_the_base_model(place):
    """At step 0 the margin against the base is what SFT has already moved; it equals that of a second, bare model."""
    import torch

    train(
        place,
        "dpo-base",
        "dpo",
        adapter=place / "sft",
        settings={"loss": ["sigmoid"], "reference": "base", "epochs": 1},
    )
    first = curve(place, "dpo-base")[0]
    assert abs(first["eval_rewards/margins"]) > 0.01
    assert json.loads((place / "dpo-base" / "codekiln.json").read_text())["reference"] == "base"
    from codekiln import models
    from codekiln.models.chat_tokenizer import load_chat_tokenizer
    from codekiln.models.loading import attach_adapter, load_model
    from codekiln.training.row_validation import split_holdout, validate_rows

    spec = models.get(str(place / "base"))
    validated = validate_rows(toy.pairs(24), load_chat_tokenizer(spec), 1024, where="x")
    policy, bare = attach_adapter(load_model(spec), spec, place / "sft"), load_model(spec)

    def likelihood(model, row, answer):
        ids = torch.tensor([row["prompt_ids"] + row[answer]])
        with torch.inference_mode():
            scores = model(ids).logits[0, len(row["prompt_ids"]) - 1 : -1].log_softmax(-1)
        return scores.gather(1, torch.tensor(row[answer])[:, None]).sum().item()

    held = split_holdout(validated.groups, 0.2, 0)[1]
    margins = [
        0.1
        * sum(
            sign * (likelihood(policy, validated.rows[i], answer) - likelihood(bare, validated.rows[i], answer))
            for sign, answer in ((1, "chosen_ids"), (-1, "rejected_ids"))
        )
        for i in held
    ]
    assert first["eval_rewards/margins"] == pytest.approx(sum(margins) / len(margins), abs=1e-4)


def test_dpo_without_an_adapter_starts_from_the_base(place):
    train(place, "dpo-new", "dpo", settings={"epochs": 1})
    assert curve(place, "dpo-new")[0]["eval_rewards/margins"] == 0
    assert json.loads((place / "dpo-new" / "codekiln.json").read_text())["parent"] is None


def likelihoods_of(place: Path, adapter: Path | None, rows: list):
    """Return log-likelihoods of the completions, summed over tokens, shape (rows, chosen and rejected)."""
    import torch

    from codekiln import models
    from codekiln.models.chat_tokenizer import load_chat_tokenizer
    from codekiln.models.loading import attach_adapter, load_model
    from codekiln.training.row_validation import validate_rows

    spec = models.get(str(place / "base"))
    model = attach_adapter(load_model(spec), spec, adapter) if adapter else load_model(spec)
    found = []
    for row in validate_rows(rows, load_chat_tokenizer(spec), 1024, where="x").rows:
        start = len(row["prompt_ids"]) - 1
        for answer in (row["chosen_ids"], row["rejected_ids"]):
            with torch.inference_mode():
                scores = model(torch.tensor([row["prompt_ids"] + answer])).logits[0, start:-1].log_softmax(-1)
            found.append(scores.gather(1, torch.tensor(answer)[:, None]).sum())
    return torch.stack(found).view(-1, 2)


@pytest.fixture(scope="module")
def nearly(place):
    """Pairs that differ in one token."""
    text = "def add{i}(a):\n    result = a\n    result = result {sign} {i}\n    return result"
    rows = [
        pair.model_copy(
            update={
                "chosen": toy.code_turn(text.format(i=i, sign="+")),
                "rejected": toy.code_turn(text.format(i=i, sign="-")),
            }
        )
        for i, pair in enumerate(toy.pairs(8))
    ]
    toy.write_rows(place / "nearly", rows)
    return rows


@pytest.mark.slow
def test_dpop_keeps_the_chosen_of_near_identical_pairs_likely_where_dpo_does_not(place, nearly):
    """The policy knows the chosen programs by heart: pushing the nearly equal ones down takes them along."""
    common = {"lora": LORA | {"dropout": 0.0}}
    chosen = [toy.examples(8)[i].model_copy(update={"completion": pair.chosen}) for i, pair in enumerate(nearly)]
    toy.write_rows(place / "by-heart", chosen)
    settings = {"epochs": 60, "learning_rate": 2e-2, "holdout": 0.0}
    train(place, "knows", data=place / "by-heart", settings=settings, **common)
    before = likelihoods_of(place, place / "knows", nearly)
    change = {}
    for loss in ("sigmoid", "dpop"):
        settings = {"epochs": 20, "holdout": 0.0, "loss": [loss]}
        train(place, loss, "dpo", adapter=place / "knows", data=place / "nearly", settings=settings, **common)
        change[loss] = (likelihoods_of(place, place / loss, nearly) - before).mean(0)
    assert change["sigmoid"][0] < -5
    assert change["sigmoid"][1] < change["sigmoid"][0]
    assert abs(change["dpop"][0]) < 1
    assert change["dpop"][1] < change["dpop"][0] - 2


def test_the_loss_that_is_trained_is_the_papers(place, nearly):
    """The policy was trained against what is chosen here, so that the charge counts; the loss is computed beside it."""
    import torch

    from codekiln.training.row_validation import split_holdout

    plain = {"lora": LORA | {"dropout": 0.0}}
    train(place, "against", "dpo", data=place / "nearly", settings={"loss": ["sigmoid"], "holdout": 0.0}, **plain)
    swapped = [row.model_copy(update={"chosen": row.rejected, "rejected": row.chosen}) for row in nearly]
    toy.write_rows(place / "swapped", swapped)
    settings = {"loss": ["dpop", "sigmoid"], "loss_weights": [0.5, 2.0], "dpop_lambda": 7.0, "reference": "base"}
    settings |= {"holdout": 0.5, "epochs": 1}
    train(place, "hand", "dpo", adapter=place / "against", data=place / "swapped", settings=settings, **plain)

    held = split_holdout([row.group for row in swapped], 0.5, 0)[1]
    rows = [swapped[index] for index in held]
    ratios = likelihoods_of(place, place / "against", rows) - likelihoods_of(place, None, rows)
    chosen, rejected = ratios[:, 0], ratios[:, 1]
    inner = chosen - rejected - 7.0 * torch.clamp(-chosen, min=0)
    wanted = 0.5 * -torch.sigmoid(0.1 * inner).log() + 2.0 * -torch.sigmoid(0.1 * (chosen - rejected)).log()
    assert (chosen < -0.1).any()
    assert curve(place, "hand")[0]["eval_loss"] == pytest.approx(wanted.mean().item(), rel=1e-3)


def test_dpop_is_dpo_above_the_reference_and_charges_below_it():
    import torch

    from codekiln.training.losses import dpop_loss

    chosen = torch.tensor([2.0, 0.5, -0.5, -2.0], requires_grad=True)
    rejected = torch.tensor([1.0, -1.0, -3.0, -3.0], requires_grad=True)
    beta, charge = 0.3, 50.0
    losses = dpop_loss(chosen, rejected, beta, charge)
    plain = -torch.nn.functional.logsigmoid(beta * (chosen - rejected))
    assert torch.equal(losses[:2], plain[:2])
    assert (losses[2:] > plain[2:]).all()
    losses.sum().backward()
    inner = beta * (chosen - rejected - charge * torch.clamp(-chosen, min=0))
    pull = beta * torch.sigmoid(-inner)
    assert torch.allclose(rejected.grad, pull)
    assert torch.allclose(chosen.grad, -pull * torch.tensor([1.0, 1.0, 1 + charge, 1 + charge]))


def test_an_adapter_is_continued_and_not_restarted(place):
    train(place, "more", adapter=place / "sft", settings={"epochs": 1})
    assert summary_of(place, "more")["first_eval_loss"] == pytest.approx(
        summary_of(place, "sft")["best_eval_loss"], rel=1e-5
    )


def test_early_stopping_stops_and_keeps_the_best(place):
    summary = train(place, "early", settings={"epochs": 40, "learning_rate": 0.2, "patience": 1, "eval_every": 1})
    assert summary.stopped_early
    assert summary.steps < 20
    losses = {entry["step"]: entry["eval_loss"] for entry in curve(place, "early") if "eval_loss" in entry}
    del losses[0]
    assert summary.best_step == min(losses, key=losses.get) < summary.steps
    assert summary.best_eval_loss == min(losses.values())


def test_without_held_out_rows_every_row_is_trained_on(place):
    summary = train(place, "all", settings={"epochs": 1, "holdout": 0})
    assert (summary.train_rows, summary.holdout_rows, summary.best_eval_loss) == (24, 0, None)
    assert summary.best_step == summary.steps == 3


def test_divergence_ends_the_run_and_says_what_to_lower(place):
    with pytest.raises(InputError, match="diverged"):
        train(place, "wild", settings={"learning_rate": 1e30, "holdout": 0, "epochs": 3, "warmup": 0})
    assert not (place / "wild" / "adapter_model.safetensors").exists()


def test_a_run_that_makes_the_held_out_loss_worse_says_so(place, caplog):
    summary = train(place, "worse", adapter=place / "sft", settings={"learning_rate": 100, "epochs": 1, "warmup": 0})
    assert not summary.improved
    assert "held-out loss did not fall" in caplog.text


def test_rejected_rows_are_kept_with_their_reason(place):
    long = toy.examples(1)[0].model_copy(update={"completion": toy.code_turn("x = 1\n" * 600)})
    toy.write_rows(place / "one-bad", [*toy.examples(20), long])
    summary = train(place, "partly", data=place / "one-bad", settings={"epochs": 1})
    assert summary.rejected == {"too-long": 1}
    [line] = (place / "partly" / "rejected.jsonl").read_text().splitlines()
    assert json.loads(line)["reason"] == "too-long"


def test_the_mixed_format_of_the_published_adapters_is_refused(place):
    """A prompt of messages with completions of plain text made older trainers drop the prompt without a word."""
    folder = toy.write_rows(place / "mixed", toy.pairs(2))
    row = json.loads((folder / "data.jsonl").read_text().splitlines()[1])
    row |= {"chosen": row["chosen"][0]["content"], "rejected": row["rejected"][0]["content"]}
    lines = (folder / "data.jsonl").read_text().splitlines()
    (folder / "data.jsonl").write_text(lines[0] + "\n" + json.dumps(row) + "\n")
    with pytest.raises(InputError) as caught:
        train(place, "never", "dpo", data=folder)
    assert "data.jsonl:2.chosen" in str(caught.value)
    assert "data.jsonl:2.rejected" in str(caught.value)


def test_a_batch_of_padded_rows_that_cannot_be_divided_is_refused(place):
    with pytest.raises(InputError, match="not a multiple"):
        train(place, "never", settings={"batch_size": 10, "micro_batch": 4, "packing": False})


def test_packed_rows_need_no_batch_that_can_be_divided(place):
    assert train(place, "uneven", settings={"batch_size": 10, "micro_batch": 4, "holdout": 0, "epochs": 1}).steps == 3


def test_rows_that_cannot_be_packed_are_padded_and_the_log_says_why(place, capsys):
    config = place / "base" / "config.json"
    held = config.read_text()
    config.write_text(json.dumps(json.loads(held) | {"attention_dropout": 0.1}))
    try:
        assert train(place, "padded", settings={"epochs": 1}).steps == 3
    finally:
        config.write_text(held)
    assert "sft: rows are padded, not packed: the base model drops attention weights" in capsys.readouterr().err


def test_a_wrong_adapter_is_refused(place):
    with pytest.raises(InputError, match="no adapter"):
        train(place, "never", adapter=place / "examples")


def entry_point(place: Path, job: TrainingJob) -> list[str]:
    file = place / f"{job.output.name}.json"
    file.write_text(job.model_dump_json())
    assert TrainingJob.read(file) == job
    return [sys.executable, "-m", "codekiln.training", str(file)]


@pytest.mark.slow  # quickly: a stop of two nodes in test_distributed.py
def test_a_killed_run_continues_and_ends_with_the_same_adapter(place):
    settings = {"epochs": 8, "eval_every": 2, "patience": 8}
    straight = train(place, "straight", "dpo", adapter=place / "sft", settings=settings)
    command = entry_point(place, job_of(place, "killed", "dpo", adapter=place / "sft", settings=settings))
    assert -signal.SIGKILL in (kill_after(place / "killed", command) for _ in range(3)), "it was always done before"
    assert not (place / "killed" / "adapter_model.safetensors").exists()
    second = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=120)
    assert second.returncode == 0, second.stderr
    summary = summary_of(place, "killed")
    assert summary["resumed_from"] >= 2
    assert summary["steps"] == straight.steps
    for name in ("adapter_model.safetensors", "adapter_config.json", "curve.jsonl"):
        assert sha256_file(place / "killed" / name) == sha256_file(place / "straight" / name), name


def kill_after(output: Path, command: list[str]) -> int:
    """Start a run anew, kill it once it has its second checkpoint, and return its exit code."""
    shutil.rmtree(output, ignore_errors=True)
    run = subprocess.Popen(command, cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL)
    while run.poll() is None and not (output / "checkpoints" / "checkpoint-4" / "complete.json").exists():
        time.sleep(0.01)
    run.kill()
    return run.wait()


def write_checkpoint(output: Path, step: int, best: int | None = None) -> Path:
    from codekiln.training import checkpoints

    folder = output / "checkpoints" / f"checkpoint-{step}"
    (folder / f"global_step{step}").mkdir(parents=True)
    (folder / "trainer_state.json").write_text(json.dumps({"global_step": step, "best_global_step": best}))
    for number in range(2):
        (folder / f"global_step{step}" / f"rank_{number}.pt").write_text("shard " * (number + 1))
    checkpoints.complete(output, step)
    return folder


def test_checkpoints_of_another_job_are_not_continued(tmp_path):
    from codekiln.training import checkpoints

    checkpoints.claim(tmp_path, "mine")
    write_checkpoint(tmp_path, 2)
    checkpoints.claim(tmp_path, "mine")
    assert checkpoints.latest(tmp_path) == (tmp_path / "checkpoints" / "checkpoint-2", 2)
    checkpoints.claim(tmp_path, "another")
    assert checkpoints.latest(tmp_path) == (None, 0)


def test_checkpoints_of_another_number_of_processes_are_not_continued(tmp_path, monkeypatch):
    from codekiln.training import checkpoints

    checkpoints.claim(tmp_path, "mine")
    write_checkpoint(tmp_path, 2)
    monkeypatch.setenv("WORLD_SIZE", "2")
    checkpoints.claim(tmp_path, "mine")
    assert checkpoints.latest(tmp_path) == (None, 0)


@pytest.mark.parametrize("damage", ["no list", "half a list", "shard missing", "shard cut off"])
def test_a_checkpoint_that_was_cut_off_is_not_continued(tmp_path, damage):
    from codekiln.training import checkpoints

    checkpoints.claim(tmp_path, "mine")
    whole, cut = write_checkpoint(tmp_path, 2), write_checkpoint(tmp_path, 4)
    assert checkpoints.latest(tmp_path) == (cut, 4)
    complete, shard = cut / "complete.json", cut / "global_step4" / "rank_1.pt"
    if damage == "no list":
        complete.unlink()
    elif damage == "half a list":
        complete.write_text(complete.read_text()[:20])
    elif damage == "shard missing":
        shard.unlink()
    else:
        shard.write_text("shard")
    assert checkpoints.latest(tmp_path) == (whole, 2)
    checkpoints.claim(tmp_path, "mine")
    assert not cut.exists()


def test_a_checkpoint_is_of_no_use_without_the_best_one_before_it(tmp_path):
    from codekiln.training import checkpoints

    checkpoints.claim(tmp_path, "mine")
    best = write_checkpoint(tmp_path, 2, 2)
    last = write_checkpoint(tmp_path, 6, 2)
    assert checkpoints.latest(tmp_path) == (last, 6)
    (best / "complete.json").unlink()
    assert checkpoints.latest(tmp_path) == (None, 0)


def test_a_run_whose_folder_was_moved_goes_back_to_its_best_checkpoint(place, monkeypatch):
    from codekiln.training import checkpoints

    settings = {"epochs": 10, "learning_rate": 0.2, "patience": 0, "eval_every": 1}
    straight = train(place, "unmoved", settings=settings)
    complete = checkpoints.complete

    def die_after_the_last(output, step):
        complete(output, step)
        if step == straight.steps:
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoints, "complete", die_after_the_last)
    with pytest.raises(KeyboardInterrupt):
        train(place, "before", settings=settings)
    monkeypatch.undo()
    (place / "before").rename(place / "moved")
    moved = train(place, "moved", settings=settings)
    assert moved.resumed_from == moved.steps == straight.steps
    assert moved.best_step == straight.best_step < straight.steps
    weights = "adapter_model.safetensors"
    assert sha256_file(place / "moved" / weights) == sha256_file(place / "unmoved" / weights)


def test_the_entry_point_names_mistakes_without_a_traceback(place, tmp_path):
    file = tmp_path / "job.json"
    file.write_text('{"kind": "sft", "base": "tiny", "data": "x", "output": "y", "sft": {"epoch": 1}}')
    done = subprocess.run(
        [sys.executable, "-m", "codekiln.training", str(file)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "job.json.sft.epoch" in done.stderr
    assert "Traceback" not in done.stderr
