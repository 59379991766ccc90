"""Sampling with vLLM's offline engine. Imports torch and transformers: import this lazily."""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from transformers import AutoConfig

from codekiln import models
from codekiln.data.records import Message
from codekiln.errors import InputError
from codekiln.inference import Sampling
from codekiln.inference.engine_settings import VllmSettings
from codekiln.inference.seeds import completion_seed
from codekiln.inference.vllm import interpreter
from codekiln.inference.vllm.process import FIX, EngineProcess
from codekiln.models.adapter_files import check_adapter, rank_of, require_vllm
from codekiln.models.adapter_names import require_text_names
from codekiln.models.chat_files import base_generation_config
from codekiln.models.chat_tokenizer import load_chat_tokenizer
from codekiln.models.language_model import language_model_folder
from codekiln.progress import progress

# vLLM's buffers have one of these ranks (vllm.config.lora.MaxLoRARanks).
RANKS = (8, 16, 32, 64, 128, 256, 320, 512)


class VllmGenerator:
    """A base model, with or without an adapter, that completes conversations in a process with vLLM.

    vLLM gets token ids and seeds, and returns token ids: template, end of turn and decoding are `ChatTokenizer`'s.

    Args:
        base: A name of the model table, a folder or a Hub id.
        adapter: Folder of a LoRA adapter trained on that base.
        revision: Hub revision, when it is not the one of the table.
        settings: How vLLM uses a GPU.
        on_progress: Called with the number of completions that `generate` has made so far, after each prompt.
        title: What lines of progress call the work.

    Raises:
        InputError: The model or the adapter cannot be read, they do not belong together, or vLLM is not installed.
        ModelError: The model cannot be used for chat.
    """

    def __init__(
        self,
        base: str,
        adapter: Path | None = None,
        revision: str | None = None,
        settings: VllmSettings | None = None,
        on_progress: Callable[[int], None] = lambda done: None,
        title: str = "sample",
    ) -> None:
        spec = models.get(base)
        self.spec = spec.model_copy(update={"revision": revision}) if revision else spec
        self.adapter, self.settings, self.on_progress = adapter, settings or VllmSettings(), on_progress
        self.title = title
        self.python = interpreter.find()
        self.chat = load_chat_tokenizer(self.spec)
        self.stop = self.chat.stop_tokens(base_generation_config(self.spec))
        self.rank = _rank(self.spec, adapter) if adapter else 0

    def generate(self, prompts: Sequence[tuple[Message, ...]], sampling: Sampling) -> Iterator[list[str]]:
        """Yield ``sampling.n`` texts for each prompt, in the order of the prompts.

        A text depends on its prompt, the seed and its index among the n. Other prompts can change it only through the
        rounding of floating-point sums, unless vLLM is set to be batch-invariant.

        Raises:
            InputError: vLLM refuses the adapter, or a prompt is longer than the model's context.
            ModelError: vLLM cannot load the model, or fails.
        """
        if not prompts:
            return
        texts = [self.chat.render(prompt) for prompt in prompts]
        tokens = self.chat.encode(texts)
        job, work = self._job(tokens, sampling), self._work(texts, tokens, sampling)
        finished: dict[int, dict[int, list[int]]] = {index: {} for index in range(len(prompts))}
        following = done = 0
        environment = {"VLLM_BATCH_INVARIANT": str(int(self.settings.batch_invariant))}
        with EngineProcess(self.python, environment) as engine:
            answers = engine.answers(job, work)
            _say(self.title, next(answers)["ready"])
            with progress(self.title, len(prompts) * sampling.n, unit="programs") as step:
                for answer in answers:
                    finished[answer["prompt"]][answer["copy"]] = answer["tokens"]
                    step(1)
                    while following in finished and len(finished[following]) == sampling.n:
                        rows = finished.pop(following)
                        done, following = done + sampling.n, following + 1
                        self.on_progress(done)
                        yield self._texts([rows[copy] for copy in range(sampling.n)])

    def _job(self, tokens: Sequence[Sequence[int]], sampling: Sampling) -> dict[str, Any]:
        where: dict[str, Any] = {"revision": self.spec.hub_revision or "main", "trust_remote_code": False}
        config = AutoConfig.from_pretrained(self.spec.source, **where)
        longest = max(map(len, tokens))
        limit = getattr(config.get_text_config(), "max_position_embeddings", None) or longest + sampling.max_new_tokens
        if longest >= limit:
            raise InputError(
                f"a prompt has {longest} tokens, and the model's context is {limit}", where=self.spec.name, fix=FIX
            )
        # vLLM would load the whole of a checkpoint that holds more, under other names than those of the adapter.
        is_part = self.spec.architecture or self.spec.key_mapping
        return {
            "model": str(language_model_folder(self.spec)) if is_part else self.spec.source,
            "revision": None if is_part else self.spec.hub_revision,
            "adapter": str(self.adapter.absolute()) if self.adapter else None,
            "rank": self.rank,
            "max_model_len": min(limit, longest + sampling.max_new_tokens),
            "options": {"gpu_memory_utilization": self.settings.gpu_memory_utilization},
        }

    def _work(self, texts: Sequence[str], tokens: Sequence[Sequence[int]], sampling: Sampling) -> dict[str, Any]:
        # Of 63 bits: the engine keeps seeds as signed numbers.
        seeds = [[completion_seed(sampling.seed, text, copy) >> 1 for copy in range(sampling.n)] for text in texts]
        return {
            "stop": sorted(self.stop),
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_new_tokens,
            "prompts": tokens,
            "seeds": seeds,
        }

    def _texts(self, rows: list[list[int]]) -> list[str]:
        whole = [row[:-1] if row and row[-1] in self.stop else row for row in rows]
        return self.chat.texts(whole)


def _rank(spec: models.BaseModelSpec, adapter: Path) -> int:
    """Return the rank of vLLM's buffers for an adapter."""
    check_adapter(spec, adapter)
    require_vllm(adapter)
    require_text_names(spec, adapter)
    rank = rank_of(adapter)
    if rank > RANKS[-1]:
        raise InputError(f"has rank {rank}, and vLLM takes at most {RANKS[-1]}", where=str(adapter), fix=FIX)
    return next(size for size in RANKS if size >= rank)


def _say(title: str, ready: dict[str, str]) -> None:
    print(f"{title}: vLLM {ready['vllm']} on {ready['device']}, {ready['dtype']}", file=sys.stderr, flush=True)
