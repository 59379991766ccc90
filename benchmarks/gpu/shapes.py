"""Models of the real shapes with random weights and a byte-level tokenizer; nothing is downloaded."""

from pathlib import Path
from typing import Any

# From the models' own config files; the parameter counts are checked against codekiln's model table in the tests.
SHAPES: dict[str, dict[str, Any]] = {
    "gemma3-1b": {
        "family": "gemma3",
        "hidden_size": 1152,
        "num_hidden_layers": 26,
        "num_attention_heads": 4,
        "num_key_value_heads": 1,
        "head_dim": 256,
        "intermediate_size": 6912,
        "vocab_size": 262144,
        "sliding_window": 512,
    },
    "gemma3-4b": {
        "family": "gemma3",
        "hidden_size": 2560,
        "num_hidden_layers": 34,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "intermediate_size": 10240,
        "vocab_size": 262208,
        "sliding_window": 1024,
    },
    "gemma3-12b": {
        "family": "gemma3",
        "hidden_size": 3840,
        "num_hidden_layers": 48,
        "num_attention_heads": 16,
        "num_key_value_heads": 8,
        "head_dim": 256,
        "intermediate_size": 15360,
        "vocab_size": 262208,
        "sliding_window": 1024,
    },
    "qwen3-4b": {
        "family": "qwen3",
        "hidden_size": 2560,
        "num_hidden_layers": 36,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "intermediate_size": 9728,
        "vocab_size": 151936,
    },
}
TINY = {
    "hidden_size": 64,
    "num_hidden_layers": 6,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "intermediate_size": 128,
    "vocab_size": 512,
}
SPECIAL = ["<pad>", "<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>"]
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<start_of_turn>{{ m['role'] }}\n{{ m['content'] }}<end_of_turn>\n"
    "{% endfor %}{% if add_generation_prompt %}<start_of_turn>assistant\n{% endif %}"
)


def config_of(name: str, tiny: bool = False) -> Any:
    """Return the transformers configuration of a shape."""
    import transformers

    values = SHAPES[name] | (TINY if tiny else {})
    common = {"tie_word_embeddings": True, "max_position_embeddings": 32768, "pad_token_id": 0, "eos_token_id": 1}
    if values.pop("family") == "gemma3":
        return transformers.Gemma3TextConfig(**values, **common, query_pre_attn_scalar=values["head_dim"])
    return transformers.Qwen3Config(**values, **common, rope_theta=5_000_000)


def build(name: str, folder: Path, tiny: bool = False) -> None:
    """Save a model of this shape with random weights, in bfloat16 on a GPU, with its tokenizer."""
    import torch
    import transformers

    gpu = torch.cuda.is_available()
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16 if gpu else torch.float32)
    with torch.device("cuda" if gpu else "cpu"):
        model = transformers.AutoModelForCausalLM.from_config(config_of(name, tiny))
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)


def tokenizer() -> Any:
    """Return a tokenizer of single bytes; the rest of the model's vocabulary is never used, and costs the same."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = [*SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    core = Tokenizer(models.BPE(vocab={word: index for index, word in enumerate(words)}, merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens(SPECIAL)
    wrapped = PreTrainedTokenizerFast(tokenizer_object=core, pad_token="<pad>", eos_token="<eos>", bos_token="<bos>")
    wrapped.chat_template = TEMPLATE
    return wrapped
