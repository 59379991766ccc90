"""The base models: the embedded one, and random ones of the same kind with ten and thirty million parameters."""

from pathlib import Path

import torch
import transformers

from codekiln import demo

SHAPES = {
    "10m": {"hidden_size": 384, "intermediate_size": 1024, "num_hidden_layers": 6, "num_attention_heads": 12},
    "30m": {
        "hidden_size": 640,
        "intermediate_size": 1728,
        "num_hidden_layers": 7,
        "num_attention_heads": 20,
        "num_key_value_heads": 5,
    },
}
NAMES = ("tiny", *SHAPES)


def build(name: str, folder: Path) -> str:
    """Return what a job calls the base model, which is made in ``folder`` where it is not in the package."""
    if name == "tiny":
        return name
    config = transformers.AutoConfig.from_pretrained(demo.base_path(), layer_types=None)
    config.update(SHAPES[name] | {"layer_types": ["full_attention"] * SHAPES[name]["num_hidden_layers"]})
    torch.manual_seed(0)
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder / name)
    transformers.AutoTokenizer.from_pretrained(demo.base_path()).save_pretrained(folder / name)
    return str(folder / name)
