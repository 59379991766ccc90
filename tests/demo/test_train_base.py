import random
import subprocess
import sys

import pytest
import torch

from codekiln.demo import train_base


@pytest.fixture
def process_group(tmp_path):
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/meeting", rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


class Tokenizer:
    pad_token_id = 0
    eos_token_id = 1

    def convert_tokens_to_ids(self, tokens: list[str]) -> list[int]:
        return [1, 3, 4][: len(tokens)]


def test_a_training_that_was_stopped_ends_with_the_same_weights(tmp_path, process_group, monkeypatch) -> None:
    monkeypatch.setattr(train_base, "CHECKPOINT_STEPS", 4)
    batches = list(train_base.lessons(Tokenizer(), random.Random(0), 1))
    batches = [(ids[:2, :40], weights[:2, :40]) for ids, weights in batches]

    def trained(checkpoint, stop=None):
        torch.manual_seed(0)
        model = train_base.build_model(Tokenizer())
        if stop:
            monkeypatch.setattr(train_base, "_write", _stop_after(train_base._write))
        try:
            train_base.train(model, batches, checkpoint)
        except KeyboardInterrupt:
            assert stop
        monkeypatch.undo()
        monkeypatch.setattr(train_base, "CHECKPOINT_STEPS", 4)
        return model.state_dict()

    whole = trained(None)
    trained(tmp_path / "checkpoint", stop=True)
    assert torch.load(tmp_path / "checkpoint")["step"] == 4
    continued = trained(tmp_path / "checkpoint")
    assert all(torch.equal(whole[name], continued[name]) for name in whole)

    del batches[-1]
    assert train_base._digest(batches) != torch.load(tmp_path / "checkpoint")["corpus"]
    shorter = trained(tmp_path / "checkpoint")
    assert all(torch.equal(value, shorter[name]) for name, value in trained(None).items())


def _stop_after(write):
    def stopped(*arguments) -> None:
        write(*arguments)
        raise KeyboardInterrupt

    return stopped


def test_lessons_are_sequences_that_the_reply_repeats() -> None:
    batches = list(train_base.lessons(Tokenizer(), random.Random(0), 1))
    assert len(batches) == len(train_base.LESSONS) * train_base.PROCESSES
    widths = []
    for ids, weights in batches:
        for row, weight in zip(ids.tolist(), weights.tolist(), strict=True):
            middle, end = row.index(4), row.index(1, row.index(4))
            assert row[1 : middle - 1] == row[middle + 1 : end]
            assert [place for place, share in enumerate(weight) if share] == list(range(middle + 1, end + 1))
            widths.append(middle - 2)
    assert max(widths) > 100
    assert len(set(widths)) > 50


@pytest.mark.slow
def test_the_command_trains_a_model_and_is_seeded(tmp_path) -> None:
    weights = []
    for name in ("a", "b"):
        command = [sys.executable, "-m", "codekiln.demo.train_base", "--out", tmp_path / name]
        command += ["--problems", "60", "--tasks", "60", "--snippets", "20", "--lesson-steps", "2"]
        subprocess.run(command, check=True)
        weights.append((tmp_path / name / "model.safetensors").read_bytes())
    assert weights[0] == weights[1]
