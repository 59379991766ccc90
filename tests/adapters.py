"""Adapters of the embedded base model and of toy ones that change what it writes, made without training."""

import json
from pathlib import Path

from codekiln import models
from codekiln.models.chat_files import save_chat_files
from codekiln.registry import Registry, Version
from codekiln.stages.model_folder.assembly import assemble

NAME = "codekiln-tiny"


def random_adapter(folder: Path, base: str = "tiny", strength: float = 3.0, chat: bool = True) -> Path:
    """Write an adapter as a training stage leaves it, with its chat files and working files."""
    import torch
    from peft import LoraConfig, get_peft_model

    from codekiln.models.loading import load_model

    spec = models.get(base)
    torch.manual_seed(0)
    config = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"], task_type="CAUSAL_LM")
    model = get_peft_model(load_model(spec, "float32"), config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=strength)
    model.save_pretrained(folder)
    (folder / "README.md").unlink()
    record = {"base": spec.id, "revision": spec.hub_revision, "kind": "dpo", "reference": "previous"}
    (folder / "codekiln.json").write_text(json.dumps(record))
    for name in (".identity", "rejected.jsonl", "curve.jsonl", "summary.json"):
        (folder / name).write_text("{}")
    if chat:
        save_chat_files(spec, folder)
    return folder


def registered(uri: str, adapter: Path, folder: Path, base: str = "tiny") -> Version:
    """Log and register an adapter as the training stage and promote do, as the champion."""
    registry = Registry(uri, "demo")
    folder.mkdir(parents=True)
    assemble(adapter, folder, models.get(base), "dpo", NAME, adapter)
    with registry.stage(registry.start_parent("align", {}), "dpo") as run:
        model_id = run.adapter(folder, "dpo", models.get(base).id)
    return registry.promote(registry.register(NAME, model_id, {}), "test")


def replies(base: str, adapter: Path | None, prompts, tokens: int = 60, **options) -> list[str]:
    """Return codekiln's own greedy replies."""
    from codekiln.inference import Sampling
    from codekiln.inference.local import LocalGenerator

    sampling = Sampling(n=1, temperature=0, max_new_tokens=tokens)
    return [texts[0] for texts in LocalGenerator(base, adapter, **options).generate(prompts, sampling)]
