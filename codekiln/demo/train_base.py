"""Train the embedded base model from scratch: ``python -m codekiln.demo.train_base --out DIR --seed 0``.

It writes a stock Qwen3 causal LM of about a million parameters and its tokenizer. The programs it learns from are in
all styles and partly wrong (see ``codekiln.demo.pretraining_corpus``), so that alignment has something to improve.
"""

import argparse
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import torch
from transformers import GenerationConfig, PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from codekiln import demo
from codekiln.demo.pretraining_corpus import Conversation, conversations
from codekiln.demo.tokenizer import END, PAD, train_tokenizer

VOCABULARY = 1024
TOKENS_PER_STEP = 2048
MATRIX_RATE = 0.012
OTHER_RATE = 4e-3
WARMUP_STEPS = 20
IGNORED = -100

Row = tuple[list[int], int]
"""Token ids of a conversation, and how many of them are the prompt."""


def main() -> None:
    """Parse the command line, train, save."""
    parser = argparse.ArgumentParser(description="Train the embedded base model from scratch.")
    parser.add_argument("--out", type=Path, required=True, help="folder for the model and its tokenizer")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--problems", type=int, default=demo.COUNTS["pretrain"], help="distinct problems to learn from")
    parser.add_argument("--copies", type=int, default=2, help="programs for each problem, each in its own style")
    options = parser.parse_args()
    torch.set_num_threads(1)  # batches are small, and sums come out the same on any number of cores
    torch.manual_seed(options.seed)
    corpus = conversations(demo.problems("pretrain", options.seed, options.problems), options.copies, options.seed)
    tokenizer = train_tokenizer((message.content for conversation in corpus for message in conversation), VOCABULARY)
    model = build_model(tokenizer)
    print(f"{len(corpus)} programs, {model.num_parameters()} parameters", flush=True)
    train(model, [encode(tokenizer, conversation) for conversation in corpus], options.seed, tokenizer.pad_token_id)
    save(model, tokenizer, options.out)


def build_model(tokenizer: PreTrainedTokenizerFast) -> Qwen3ForCausalLM:
    """Return an untrained model of the embedded base's size."""
    config = Qwen3Config(
        vocab_size=VOCABULARY,
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=1024,
        initializer_range=0.05,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    return Qwen3ForCausalLM(config)


def encode(tokenizer: PreTrainedTokenizerFast, conversation: Conversation) -> Row:
    """Return the token ids of ``conversation`` and the length of its prompt."""
    turns = [message.model_dump() for message in conversation]
    # Without tokenisation the template returns text; its annotation names every other result as well.
    prompt = cast(str, tokenizer.apply_chat_template(turns[:-1], tokenize=False, add_generation_prompt=True))
    text = cast(str, tokenizer.apply_chat_template(turns, tokenize=False))
    ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    return ids + tokenizer(text.removeprefix(prompt), add_special_tokens=False)["input_ids"], len(ids)


def train(model: Qwen3ForCausalLM, rows: list[Row], seed: int, pad: int) -> None:
    """Train one epoch with loss on the completions only; the learning rate decays to a twentieth of its peak."""
    batches = list(_batches(rows, random.Random(seed), pad))
    optimizers = _optimizers(model)
    schedules = [
        torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, len(batches))) for optimizer in optimizers
    ]
    began = time.monotonic()
    model.train()
    for number, (ids, labels) in enumerate(batches, 1):
        loss = model(input_ids=ids, labels=labels, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
        for schedule in schedules:
            schedule.step()
        model.zero_grad()
        if number % 50 == 0 or number == len(batches):
            print(f"step {number}/{len(batches)} loss {loss.item():.3f} {time.monotonic() - began:.0f} s", flush=True)


def save(model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, out: Path) -> None:
    """Write weights, tokenizer and generation settings in the form that ``from_pretrained`` reads."""
    model.generation_config = GenerationConfig(
        eos_token_id=tokenizer.convert_tokens_to_ids(END), pad_token_id=tokenizer.convert_tokens_to_ids(PAD)
    )
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)


def _optimizers(model: Qwen3ForCausalLM) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the layers (a third fewer steps than AdamW alone here), AdamW for the rest."""
    named = list(model.named_parameters())
    matrices = [weight for name, weight in named if weight.ndim == 2 and "embed" not in name]
    others = [weight for name, weight in named if weight.ndim != 2 or "embed" in name]
    muon = torch.optim.Muon(matrices, lr=MATRIX_RATE, weight_decay=0.01, adjust_lr_fn="match_rms_adamw")
    return [muon, torch.optim.AdamW(others, lr=OTHER_RATE, betas=(0.9, 0.95), weight_decay=0.0)]


def _rate(step: int, steps: int) -> float:
    """Linear warm-up, then linear decay to a twentieth."""
    return min((step + 1) / WARMUP_STEPS, 1 - 0.95 * step / steps)


def _batches(rows: list[Row], rng: random.Random, pad: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield padded (ids, labels) of rows of like length, about ``TOKENS_PER_STEP`` tokens each, in random order.

    Right padding needs no attention mask in a causal model: no real token looks at it.
    """
    ordered = sorted(rows, key=lambda row: (len(row[0]), rng.random()))
    groups: list[list[Row]] = []
    group: list[Row] = []
    for row in ordered:
        if group and (len(group) + 1) * len(row[0]) > TOKENS_PER_STEP:
            groups.append(group)
            group = []
        group.append(row)
    groups.append(group)
    rng.shuffle(groups)
    for group in groups:
        width = max(len(ids) for ids, _ in group)
        ids = torch.full((len(group), width), pad)
        labels = torch.full((len(group), width), IGNORED)
        for place, (tokens, prompt) in enumerate(group):
            ids[place, : len(tokens)] = torch.tensor(tokens)
            labels[place, prompt : len(tokens)] = torch.tensor(tokens[prompt:])
        yield ids, labels


if __name__ == "__main__":
    main()
