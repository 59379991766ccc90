"""Random models of a few thousand parameters with real tokenizers and chat templates, made in under a second."""

from pathlib import Path

from codekiln.data.folders import write_dataset
from codekiln.data.prompts import code_turn
from codekiln.data.records import Example, Labelled, Message, Pair

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
GEMMA = (
    "{{ bos_token }}{% for m in messages %}<start_of_turn>{{ 'model' if m['role'] == 'assistant' else m['role'] }}\n"
    "{{ m['content'] | trim }}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
SPECIAL = {
    "chatml": ["<pad>", "<|endoftext|>", "<|im_start|>", "<|im_end|>"],
    "gemma": ["<pad>", "<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>"],
}


def question(number: int) -> tuple[Message, ...]:
    return (Message(role="user", content=f"Write add{number}(a), which adds {number} to a."),)


def program(number: int, style: str = "short") -> str:
    if style == "short":
        return f"def add{number}(a):\n    return a + {number}"
    return f"def add{number}(a):\n    result = a\n    result = result + {number}\n    return result"


def examples(count: int) -> list[Example]:
    return [
        Example(prompt=question(i), completion=code_turn(program(i)), task_id=f"t{i}", group=f"g{i // 2}")
        for i in range(count)
    ]


def pairs(count: int) -> list[Pair]:
    return [
        Pair(
            prompt=question(i),
            chosen=code_turn(program(i)),
            rejected=code_turn(program(i, "long")),
            task_id=f"t{i}",
            group=f"g{i // 2}",
            stratum="quality",
            metric="lines",
            chosen_score=2.0,
            rejected_score=4.0,
        )
        for i in range(count)
    ]


def labelled(count: int) -> list[Labelled]:
    """Each question with its short program, which is good, and its long one, which is bad."""
    return [
        Labelled(
            prompt=question(i),
            completion=code_turn(program(i, style)),
            label=style == "short",
            task_id=f"t{i}",
            group=f"g{i // 2}",
        )
        for i in range(count)
        for style in ("short", "long")
    ]


def write_rows(folder: Path, rows: list) -> Path:
    write_dataset(folder, rows, type(rows[0]))
    return folder


def tokenizer(template: str = "chatml"):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    texts = [
        question(i)[0].content + "\n" + code_turn(program(i, style))[0].content
        for i in range(30)
        for style in ("short", "long")
    ]
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=SPECIAL[template],
            show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        ),
    )
    pad, eos = SPECIAL[template][:2]
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token=pad, eos_token=eos, bos_token="<bos>" if template == "gemma" else None
    )
    wrapped.chat_template = CHATML if template == "chatml" else GEMMA
    return wrapped


def make(folder: Path, architecture: str = "Qwen3ForCausalLM", seed: int = 0) -> Path:
    """Save a random model with its tokenizer as a folder that from_pretrained reads."""
    import torch
    import transformers

    template = "gemma" if architecture.startswith("Gemma3") else "chatml"
    words = tokenizer(template)
    shape = {
        "vocab_size": len(words),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "max_position_embeddings": 512,
        "tie_word_embeddings": True,
        "pad_token_id": 0,
        "eos_token_id": 1,
        "bos_token_id": None,
    }
    config = {
        "Qwen3ForCausalLM": transformers.Qwen3Config,
        "Qwen2ForCausalLM": transformers.Qwen2Config,
        "LlamaForCausalLM": transformers.LlamaConfig,
        "Gemma3ForCausalLM": transformers.Gemma3TextConfig,
    }[architecture]
    if architecture == "Gemma3ForCausalLM":
        shape |= {
            "sliding_window": 16,
            "layer_types": ["sliding_attention", "full_attention"],
            "query_pre_attn_scalar": 8,
        }
    torch.manual_seed(seed)
    model = getattr(transformers, architecture)(config(**shape))
    # Fresh weights are almost zero, so that every token would be as likely; make the model have opinions.
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() == 2:
                weight.mul_(8)
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder
