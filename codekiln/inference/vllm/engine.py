"""vLLM's offline engine, driven by another process: ``PYTHON_WITH_VLLM engine.py``.

This file runs under an interpreter that has vllm and no codekiln, so it imports vllm and the standard library alone.
One JSON object a line; standard input has two:

    {"model": ..., "revision": ..., "adapter": folder or null, "rank": ..., "max_model_len": ..., "options": {...}}
    {"stop": [ids], "temperature": ..., "top_p": ..., "max_tokens": ..., "prompts": [[ids]], "seeds": [[one a copy]]}

What was standard output has ``{"ready": {...}}``, then ``{"prompt": index, "copy": index, "tokens": [ids]}`` for each
completion as it finishes, then ``{"done": true}``; or ``{"error": text, "about": ...}``, which is "interpreter",
"model", "adapter" or "engine". All that vLLM prints goes to standard error. The process ends when its standard input
closes.
"""

import json
import os
import queue
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# One process per engine: no child is left behind when this one ends, and scheduling does not depend on timing.
os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
# Requests have seeds, which FlashInfer's sampler does not take; it would also have to be compiled.
os.environ["VLLM_USE_FLASHINFER_SAMPLER"] = "0"
os.environ["VLLM_NO_USAGE_STATS"] = "1"
os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
# GiB of the key-value cache on a CPU; vLLM's own default is half of the machine's memory.
os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")
# vLLM would take every core and bind a thread to each, whatever the user says.
if "OMP_NUM_THREADS" in os.environ:
    os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")
# For FlashInfer, where it has to compile a kernel: the image train has CUDA's tools among vLLM's packages.
CUDA_HOME = Path(sysconfig.get_path("purelib")) / "nvidia" / "cu13"
if (CUDA_HOME / "bin" / "nvcc").exists():
    os.environ.setdefault("CUDA_HOME", str(CUDA_HOME))
# Requests in the engine at one time, running and waiting: enough to fill any batch, few enough to be added at once.
WINDOW = 2048


class Refused(Exception):
    """What the engine cannot do, and what it is about."""

    def __init__(self, about: str, error: Exception) -> None:
        super().__init__(f"{type(error).__name__}: {error}")
        self.about = about


def main() -> int:
    """Serve one job; returns 1 when it was refused, which the other side has been told."""
    output = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def tell(**message: Any) -> None:
        output.write(json.dumps(message) + "\n")
        output.flush()

    try:
        given: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        threading.Thread(target=_read, args=(given,), daemon=True).start()
        engine, adapter = load(given.get(), tell)
        work = given.get()
        for index, copy, tokens in complete(engine, adapter, work):
            tell(prompt=index, copy=copy, tokens=tokens)
    except Refused as refusal:
        tell(error=str(refusal), about=refusal.about)
        return 1
    except Exception as error:
        tell(error=f"{type(error).__name__}: {error}", about="engine")
        return 1
    tell(done=True)
    return 0


def _read(given: "queue.SimpleQueue[dict[str, Any]]") -> None:
    """Pass on what standard input has, and end the process when it closes: nobody waits for the answers then."""
    for line in sys.stdin:
        given.put(json.loads(line))
    os._exit(1)


def load(job: dict[str, Any], tell: Callable[..., None]) -> tuple[Any, Any]:
    """Return vLLM's engine and the request for the adapter, or None without one."""
    try:
        import vllm
        from vllm.lora.request import LoRARequest
        from vllm.platforms import current_platform
    except ImportError as error:
        raise Refused("interpreter", error) from error

    on_cpu = current_platform.is_cpu()
    options = {"dtype": "float32" if on_cpu else "bfloat16", "enforce_eager": on_cpu, **job["options"]}
    if on_cpu:
        # A prompt that is computed in parts rewinds its random generator, which torch's generators of CPUs cannot.
        options |= {"enable_chunked_prefill": False, "max_num_batched_tokens": max(4096, job["max_model_len"])}
    if job["adapter"]:
        options |= {"enable_lora": True, "max_lora_rank": job["rank"], "max_loras": 1}
    try:
        engine = vllm.LLM(
            job["model"],
            revision=job["revision"],
            max_model_len=job["max_model_len"],
            skip_tokenizer_init=True,
            enable_prefix_caching=True,
            **options,
        ).llm_engine
    except Exception as error:
        raise Refused("model", error) from error
    adapter = LoRARequest("adapter", 1, job["adapter"]) if job["adapter"] else None
    try:
        if adapter:
            engine.add_lora(adapter)
    except Exception as error:
        raise Refused("adapter", error) from error
    tell(ready={"vllm": vllm.__version__, "device": current_platform.device_name, "dtype": options["dtype"]})
    return engine, adapter


def complete(engine: Any, adapter: Any, work: dict[str, Any]) -> Iterator[tuple[int, int, list[int]]]:
    """Yield prompt, copy and tokens of each completion as it finishes; requests start in the order of the prompts."""
    from vllm import SamplingParams

    common = {name: work[name] for name in ("temperature", "top_p", "max_tokens")}
    # Copies of a prompt follow each other, so that its key-value blocks are computed once and found in the cache.
    waiting = ((index, copy) for index, seeds in enumerate(work["seeds"]) for copy in range(len(seeds)))
    while True:
        while engine.get_num_unfinished_requests() < WINDOW and (following := next(waiting, None)):
            index, copy = following
            params = SamplingParams(
                **common, seed=work["seeds"][index][copy], stop_token_ids=work["stop"], detokenize=False
            )
            prompt = {"type": "token", "prompt_token_ids": work["prompts"][index]}
            engine.add_request(f"{index}/{copy}", prompt, params, lora_request=adapter)
        if not engine.has_unfinished_requests():
            return
        for output in engine.step():
            if output.finished:
                index, copy = map(int, output.request_id.split("/")[:2])
                yield index, copy, list(output.outputs[0].token_ids)


if __name__ == "__main__":
    sys.exit(main())
