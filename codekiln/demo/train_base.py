"""Train the embedded base model from scratch: ``python -m codekiln.demo.train_base --out DIR --seed 0``.

It writes a stock Qwen3 causal LM of 2.6 million parameters and its tokenizer. It learns in this order: to look back
(`lessons` of random tokens that are repeated), then programs of the demo's task family, in all styles and partly wrong,
so that alignment has something to improve, mixed with tasks of finding, changing and mending rows of real code.

Two processes share each step; a run that is killed goes on from its last checkpoint with the same result.
"""

import argparse
import hashlib
import random
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import cast

import torch
from torch import distributed
from torch.nn import functional
from transformers import GenerationConfig, PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from codekiln import demo
from codekiln.demo.editing_tasks import editing_tasks
from codekiln.demo.pretraining_corpus import Conversation, conversations
from codekiln.demo.snippets import snippets
from codekiln.demo.tokenizer import END, PAD, POSITIONS, SPECIAL, train_tokenizer

VOCABULARY = 4096
PROCESSES = 2
TOKENS_PER_STEP = 2048
"""Of each process."""
MATRIX_RATE = 0.012
OTHER_RATE = 4e-3
WARMUP_STEPS = 20
CHECKPOINT_STEPS = 500
# In one of so many tasks the request is scored too, with this weight: real code teaches its statistics.
SCORED_REQUESTS = 4
REQUEST_WEIGHT = 0.3
# Looking back is learned in 200 steps from short sequences of varied length over the commonest tokens, and not at all
# from long ones, from those of one length, or where new tokens keep coming: (longest sequence, steps).
LESSON_TOKENS = 300
LESSONS = ((16, 90), (32, 60), (64, 60), (128, 50), (250, 40))

Row = tuple[list[int], list[float]]
"""Token ids, and the weight of each in the loss."""
Batch = tuple[torch.Tensor, torch.Tensor]
"""Token ids and weights, padded to one length: (rows, tokens)."""


@dataclass(frozen=True)
class Corpus:
    """What a model is trained on: the tokenizer learned from it, and its rows in the order of training."""

    tokenizer: PreTrainedTokenizerFast
    batches: list[Batch]


def main() -> None:
    """Parse the command line, train, save."""
    parser = argparse.ArgumentParser(description="Train the embedded base model from scratch.")
    parser.add_argument("--out", type=Path, required=True, help="folder for the model and its tokenizer")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--problems", type=int, default=demo.COUNTS["pretrain"], help="distinct problems to learn from")
    parser.add_argument("--copies", type=int, default=2, help="programs for each problem, each in its own style")
    parser.add_argument("--tasks", type=int, default=60_000, help="editing tasks")
    parser.add_argument("--snippets", type=int, default=6_000, help="functions of the standard library for them")
    parser.add_argument("--lesson-steps", type=int, default=90, help="largest number of steps of a lesson")
    parser.add_argument("--checkpoint", type=Path, help="file to continue from, and to write every 500 steps")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # Through a file: passing thousands of tensors to a process takes a file descriptor each.
        torch.save(read_corpus(options), Path(folder, "corpus"))
        with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
            list(pool.map(partial(_process, folder=folder, options=options), range(PROCESSES)))


def read_corpus(options: argparse.Namespace) -> Corpus:
    """Return the corpus of a seed: the same one for the same options and version of Python."""
    seed = options.seed
    family = conversations(demo.problems("pretrain", seed, options.problems), options.copies, seed)
    tasks = editing_tasks(snippets(seed, options.snippets), options.tasks, seed)
    texts = (message.content for conversation in (*family, *tasks) for message in conversation)
    tokenizer = train_tokenizer(texts, VOCABULARY)
    rng = random.Random(seed)
    rows = [encode(tokenizer, conversation, 0.0) for conversation in family]
    rows += [
        encode(tokenizer, conversation, 0.0 if number % SCORED_REQUESTS else REQUEST_WEIGHT)
        for number, conversation in enumerate(tasks)
    ]
    rows = [row for row in rows if len(row[0]) <= POSITIONS // 2]
    print(f"{len(family)} programs, {len(tasks)} tasks, {sum(len(ids) for ids, _ in rows):,} tokens", flush=True)
    return Corpus(tokenizer, [*lessons(tokenizer, rng, options.lesson_steps), *_batches(rows, rng)])


def build_model(tokenizer: PreTrainedTokenizerFast) -> Qwen3ForCausalLM:
    """Return an untrained model of the embedded base's size."""
    config = Qwen3Config(
        vocab_size=VOCABULARY,
        hidden_size=192,
        intermediate_size=576,
        num_hidden_layers=4,
        num_attention_heads=6,
        num_key_value_heads=3,
        head_dim=32,
        max_position_embeddings=POSITIONS,
        initializer_range=0.05,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    return Qwen3ForCausalLM(config)


def encode(tokenizer: PreTrainedTokenizerFast, conversation: Conversation, request_weight: float) -> Row:
    """Return the token ids of ``conversation``, and weights: one for the reply, ``request_weight`` for the request."""
    turns = [message.model_dump() for message in conversation]
    # Without tokenisation the template returns text; its annotation names every other result as well.
    prompt = cast(str, tokenizer.apply_chat_template(turns[:-1], tokenize=False, add_generation_prompt=True))
    text = cast(str, tokenizer.apply_chat_template(turns, tokenize=False))
    ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    reply = tokenizer(text.removeprefix(prompt), add_special_tokens=False)["input_ids"]
    return ids + reply, [request_weight] * len(ids) + [1.0] * len(reply)


def lessons(tokenizer: PreTrainedTokenizerFast, rng: random.Random, longest_lesson: int) -> Iterator[Batch]:
    """Yield batches of random common tokens that the reply repeats, longer ones with time.

    Args:
        tokenizer: Its merges stand in the order of their frequency, after the special tokens and the 256 bytes.
        rng: Draws the sequences.
        longest_lesson: Largest number of steps of a lesson.
    """
    end, user, assistant = cast(list[int], tokenizer.convert_tokens_to_ids([END, "<|user|>", "<|assistant|>"]))
    ids = range(len(SPECIAL) + 256, len(SPECIAL) + 256 + LESSON_TOKENS)
    for longest, steps in LESSONS:
        for _ in range(min(steps, longest_lesson) * PROCESSES):
            rows: list[Row] = []
            while sum(len(tokens) for tokens, _ in rows) < TOKENS_PER_STEP:
                text = rng.choices(ids, k=rng.randint(4, longest))
                request = [user, *text, end, assistant]
                rows.append(([*request, *text, end], [0.0] * len(request) + [1.0] * (len(text) + 1)))
            yield _padded(rows)


def train(model: Qwen3ForCausalLM, batches: list[Batch], checkpoint: Path | None) -> None:
    """Train one epoch over the batches, a step for each process at a time; the rate decays to a twentieth.

    Args:
        model: Trained in place. Every process of the group has the same.
        batches: What all processes train on.
        checkpoint: File to continue from if it is of these batches, and to write every 500 steps.
    """
    rank, processes = distributed.get_rank(), distributed.get_world_size()
    steps = len(batches) // processes
    optimizers = _optimizers(model)
    corpus = _digest(batches)
    done = _restore(model, optimizers, checkpoint, corpus)
    began = time.monotonic()
    model.train()
    for step in range(done, steps):
        for optimizer, rate in zip(optimizers, (MATRIX_RATE, OTHER_RATE), strict=True):
            optimizer.param_groups[0]["lr"] = rate * _rate(step, steps)
        loss = _loss(model, *batches[step * processes + rank])
        loss.backward()  # type: ignore[no-untyped-call]
        _average_gradients(model)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
        model.zero_grad()
        if rank == 0 and ((step + 1) % 50 == 0 or step + 1 == steps):
            print(f"step {step + 1}/{steps} loss {loss.item():.3f} {time.monotonic() - began:.0f} s", flush=True)
        if rank == 0 and checkpoint and (step + 1) % CHECKPOINT_STEPS == 0:
            _write(model, optimizers, step + 1, checkpoint, corpus)


def save(model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, out: Path) -> None:
    """Write weights, tokenizer and generation settings in the form that ``from_pretrained`` reads."""
    model.generation_config = GenerationConfig(
        eos_token_id=tokenizer.convert_tokens_to_ids(END), pad_token_id=tokenizer.convert_tokens_to_ids(PAD)
    )
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)


def _process(rank: int, folder: str, options: argparse.Namespace) -> None:
    torch.set_num_threads(1)  # batches are small, and sums come out the same on any number of cores
    meeting = f"file://{folder}/meeting"
    distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=PROCESSES)
    corpus: Corpus = torch.load(Path(folder, "corpus"), weights_only=False)
    torch.manual_seed(options.seed)
    model = build_model(corpus.tokenizer)
    if rank == 0:
        print(f"{model.num_parameters():,} parameters", flush=True)
    train(model, corpus.batches, options.checkpoint)
    if rank == 0:
        save(model, corpus.tokenizer, options.out)
        if options.checkpoint:
            options.checkpoint.unlink(missing_ok=True)
    distributed.destroy_process_group()


def _loss(model: Qwen3ForCausalLM, ids: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return the weighted mean loss, computed in bfloat16 where the processor multiplies matrices in it (AMX)."""
    with torch.autocast("cpu", torch.bfloat16, enabled=torch.cpu._is_amx_tile_supported()):
        hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state
        scored = weights[:, 1:] > 0
        logits = model.lm_head(hidden[:, :-1][scored])
    losses = functional.cross_entropy(logits.float(), ids[:, 1:][scored], reduction="none")
    kept = weights[:, 1:][scored]
    return (losses * kept).sum() / kept.sum()


def _average_gradients(model: Qwen3ForCausalLM) -> None:
    gradients = [cast(torch.Tensor, weight.grad) for weight in model.parameters()]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(flat)
    flat /= distributed.get_world_size()
    for gradient, part in zip(gradients, torch.split(flat, [gradient.numel() for gradient in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))


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


def _batches(rows: list[Row], rng: random.Random) -> Iterator[Batch]:
    """Yield padded rows of like length, about ``TOKENS_PER_STEP`` tokens each, in random order."""
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
    return map(_padded, groups)


def _padded(group: list[Row]) -> Batch:
    """Return rows of one length. Right padding needs no attention mask in a causal model: no real token looks at it."""
    width = max(len(ids) for ids, _ in group)
    ids = torch.zeros(len(group), width, dtype=torch.int64)
    weights = torch.zeros(len(group), width)
    for place, (tokens, shares) in enumerate(group):
        ids[place, : len(tokens)] = torch.tensor(tokens)
        weights[place, : len(tokens)] = torch.tensor(shares)
    return ids, weights


def _restore(
    model: Qwen3ForCausalLM, optimizers: list[torch.optim.Optimizer], checkpoint: Path | None, corpus: str
) -> int:
    """Return the number of steps done, after loading what was written at that step of a training on this corpus."""
    if not (checkpoint and checkpoint.exists()):
        return 0
    state = torch.load(checkpoint)
    if state["corpus"] != corpus:
        return 0
    model.load_state_dict(state["model"])
    for optimizer, kept in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(kept)
    return cast(int, state["step"])


def _write(
    model: Qwen3ForCausalLM, optimizers: list[torch.optim.Optimizer], step: int, checkpoint: Path, corpus: str
) -> None:
    state = {
        "model": model.state_dict(),
        "optimizers": [item.state_dict() for item in optimizers],
        "step": step,
        "corpus": corpus,
    }
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, checkpoint.with_suffix(".part"))
    checkpoint.with_suffix(".part").replace(checkpoint)


def _digest(batches: list[Batch]) -> str:
    digest = hashlib.sha256()
    for ids, weights in batches:
        digest.update(ids.numpy().tobytes() + weights.numpy().tobytes())
    return digest.hexdigest()


if __name__ == "__main__":
    main()
