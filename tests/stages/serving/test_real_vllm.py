"""The real vLLM on the CPU: it serves the embedded base, and what the alias points at."""

import json
import threading
from pathlib import Path

import pytest

from codekiln.inference.vllm import interpreter
from codekiln.registry import Registry
from tests.stages.serving.served_process import all_gone, asking, serving

NAME = "codekiln-tiny"
STARTS, CHANGES = 400.0, 60.0


def adapter(folder: Path, seed: int, scale: float, rank: int = 8) -> Path:
    """Write a random adapter of the embedded base."""
    import torch
    from peft import LoraConfig, get_peft_model

    from codekiln import models
    from codekiln.models.loading import load_model

    spec = models.get("tiny")
    torch.manual_seed(seed)
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=list(spec.lora_targets))
    model = get_peft_model(load_model(spec, "float32"), config)
    for name, weights in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, std=scale)
    model.save_pretrained(folder)
    (folder / "codekiln.json").write_text(json.dumps({"base": "tiny", "revision": None}))
    return folder


@pytest.fixture
def registry(uri, tmp_path):
    """Four versions: two that differ, one of noise, and one of a higher rank than the server takes."""
    registry = Registry(uri, "demo")
    parent = registry.start_parent("align", {})
    kinds = {"one": (1, 0.1), "two": (2, 0.2), "noise": (3, 1.0), "rank": (1, 0.1, 64)}
    for name, values in kinds.items():
        folder = adapter(tmp_path / name, *values)
        with registry.stage(parent, name) as run:
            registry.register(NAME, run.adapter(folder, name, "tiny"), {})
    return registry


@pytest.mark.slow
@pytest.mark.xdist_group("vllm")
def test_vllm_serves_what_the_alias_points_at_from_one_request_to_the_next(registry, uri, tmp_path):
    python = interpreter.PLACES[-1]
    if not python.is_file():
        pytest.skip(f"{python} is missing: make vllm")

    def promote(number: int) -> None:
        registry.promote(registry.named(f"{NAME}/{number}"), f"decision-{number}")

    promote(1)
    arguments = [NAME, "--follow", "--interval=0.5", f"--tracking-uri={uri}", f"--folder={tmp_path / 'serving'}"]
    with serving(arguments, {interpreter.VARIABLE: str(python)}, tmp_path / "output") as served:
        served.wait_for("curl ", STARTS)
        base, first = served.answer("tiny"), served.answer()
        assert (base[0], first[0]) == ("tiny", f"{NAME}-v1")
        assert "x % 2 == 1" in first[1]
        with asking(served) as answers:
            long: list[tuple[str, str]] = []
            waiting = threading.Thread(target=lambda: long.append(long_answer(served)))
            waiting.start()
            promote(2)
            served.wait_for(f"'champion' is {NAME}-v2 now; it was {NAME}-v1", CHANGES)
            second = served.answer()
            assert second[0] == f"{NAME}-v2"
            assert "x % 2 == 1" not in second[1]
            registry.rollback(NAME)
            served.wait_for(f"'champion' is {NAME}-v1 now; it was {NAME}-v2", CHANGES)
            assert served.answer() == first
            promote(3)
            assert "no program that Python parses" in served.wait_for("answer has no program", CHANGES)
            registry.rollback(NAME)
            promote(4)
            served.wait_for("LoRA rank 64 is greater than max_lora_rank 16", CHANGES)
            served.wait_for("fix: start the server with --max-lora-rank 64", CHANGES)
            assert served.answer() == first
            waiting.join()
        assert [each for each in answers if each[0] != 200] == []
        assert {each["model"] for _, each in answers} == {f"{NAME}-v1", f"{NAME}-v2"}
        assert long[0][0] == f"{NAME}-v1"
        processes = served.below()
        assert len(processes) > 1
        assert served.end() == 128 + 15
        assert all_gone(processes)


def long_answer(served) -> tuple[str, str]:
    """Return an answer that lasts longer than a change of the version."""
    status, content = served.ask(max_tokens=400, min_tokens=400)
    assert status == 200, content
    return content["model"], content["choices"][0]["message"]["content"]
