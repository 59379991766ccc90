import json

import pytest

from codekiln import models


@pytest.mark.parametrize("name", ["gemma3-1b", "gemma3-4b", "gemma3-12b", "qwen3-4b"])
def test_the_shapes_are_those_of_the_real_models(name):
    import torch
    import transformers

    from benchmarks.gpu.shapes import config_of

    with torch.device("meta"):
        model = transformers.AutoModelForCausalLM.from_config(config_of(name))
    assert sum(weight.numel() for weight in model.parameters()) == models.get(name).params


def test_rows_fill_the_length_and_none_is_rejected(tmp_path):
    from benchmarks.gpu import data, shapes
    from codekiln.data.folders import Dataset
    from codekiln.data.records import Pair
    from codekiln.models.chat_tokenizer import ChatTokenizer
    from codekiln.training.row_validation import validate_rows

    data.write(tmp_path, "dpo", 5, 2048)
    chat = ChatTokenizer(models.BaseModelSpec(name="bytes", id="bytes"), shapes.tokenizer())
    validated = validate_rows(Dataset(tmp_path, Pair).rows(), chat, 2048, where="x")
    lengths = [
        len(row["prompt_ids"]) + len(row[side]) for row in validated.rows for side in ("chosen_ids", "rejected_ids")
    ]
    assert len(lengths) == 10
    assert min(lengths) > 0.95 * 2048


def test_without_a_gpu_it_says_so_and_measures_nothing(capsys, monkeypatch):
    import torch

    from benchmarks.gpu.__main__ import main

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert main([]) == 2
    assert "needs an NVIDIA GPU" in capsys.readouterr().err
    assert main(["--models", "gemma3-12"]) == 2
    assert "did you mean 'gemma3-12b'" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.xdist_group("torchrun")
@pytest.mark.parametrize("name", ["gemma3-1b", "qwen3-4b"])
def test_the_whole_path_runs_on_tiny_shapes(tmp_path, capsys, name):
    from benchmarks.gpu.__main__ import main

    out = tmp_path / "figures.json"
    assert main(["--tiny", "--models", name, "--steps", "2", "--out", str(out), "--work", str(tmp_path)]) == 0
    measured = json.loads(out.read_text())["measurements"]
    assert [(item["model"], item["kind"], item["steps"]) for item in measured] == [(name, "sft", 2), (name, "dpo", 2)]
    assert all(item["tokens_per_second"] > 0 and item["peak_gib"] > 0.1 for item in measured)
    assert "mean nothing" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [out]
