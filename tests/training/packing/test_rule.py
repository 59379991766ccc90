import json

import pytest

from codekiln.training.job import TrainingJob
from codekiln.training.packing.rule import why_padded

QWEN3 = "Qwen3ForCausalLM"


def why(tmp_path, architecture=QWEN3, config=None, **changes):
    fixed = {"kind": "dpo", "base": "tiny", "data": tmp_path, "output": tmp_path / "output"}
    return why_padded(TrainingJob(**fixed | changes), architecture, config or {})


def test_one_process_packs(tmp_path):
    assert why(tmp_path) == ""


def test_several_processes_pad(tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert "several processes" in why(tmp_path)


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("DeepSpeed", {"strategy": "zero2"}),
        ("'kto'", {"dpo": {"loss": ["kto"]}}),
        ("MistralForCausalLM", {"architecture": "MistralForCausalLM"}),
        ("caps its logits", {"config": {"final_logit_softcapping": 30.0}}),
        ("drops attention weights", {"config": {"attention_dropout": 0.1}}),
    ],
)
def test_what_is_not_proven_or_cannot_be_packed_is_padded(tmp_path, reason, changes):
    assert reason in why(tmp_path, **changes)


def test_an_adapter_with_whole_modules_is_padded(tmp_path):
    config = {"peft_type": "LORA", "r": 4, "modules_to_save": ["lm_head"]}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))
    assert "whole modules" in why(tmp_path, adapter=tmp_path)
