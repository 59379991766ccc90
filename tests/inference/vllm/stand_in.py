"""A package `vllm` that answers as vLLM 0.32 does, without a model, and an interpreter that has it.

What it stands for is read in vllm/entrypoints/llm.py (``LLM``), vllm/v1/engine/llm_engine.py (``add_request``,
``step``, ``add_lora``), vllm/sampling_params.py and vllm/outputs.py. A completion depends on prompt and seed alone,
has the stop token at its end, and requests finish out of order.
"""

import os
import shutil
import sys
from pathlib import Path

FILES = {
    "__init__.py": """
import json, os, random
from types import SimpleNamespace as Record

__version__ = "0.32.0"
HOW, LOG = os.environ["STAND_IN_HOW"], os.environ["STAND_IN_LOG"]
print("INFO vLLM prints on standard output")


def note(**what):
    with open(LOG, "a") as file:
        file.write(json.dumps(what) + "\\n")


class SamplingParams:
    def __init__(self, *, temperature, top_p, max_tokens, seed, stop_token_ids, detokenize):
        assert -(2**63) <= seed < 2**63 and not detokenize
        self.__dict__.update(locals())


class Engine:
    def __init__(self, length):
        self.length, self.waiting, self.done = length, [], 0

    def add_lora(self, request):
        if HOW == "adapter":
            raise ValueError("vLLM does not yet support DoRA.")
        note(lora=request.lora_path)
        return True

    def get_num_unfinished_requests(self):
        return len(self.waiting)

    def has_unfinished_requests(self):
        return bool(self.waiting)

    def add_request(self, request_id, prompt, params, lora_request=None):
        assert prompt["type"] == "token"
        ids = prompt["prompt_token_ids"]
        if len(ids) >= self.length:
            raise ValueError("The decoder prompt is longer than the maximum model length")
        if HOW == "hang":
            import time
            time.sleep(600)
        note(request=request_id, seed=params.seed, adapter=bool(lora_request), stop=params.stop_token_ids, prompt=ids)
        draw = random.Random(f"{params.seed} {ids}")
        tokens = [draw.randrange(70, 90) for _ in range(draw.randrange(1, 6))]
        tokens = (tokens + [params.stop_token_ids[0]])[: params.max_tokens]
        self.waiting.append(Record(request_id=request_id, finished=True, outputs=[Record(token_ids=tuple(tokens))]))
        return request_id

    def step(self):
        self.done += 1
        if HOW == "die" and self.done > 7:
            print("CUDA error: an illegal memory access", flush=True)
            os._exit(7)
        unfinished = [Record(request_id=each.request_id, finished=False, outputs=[]) for each in self.waiting[:1]]
        return [*unfinished, self.waiting.pop(min(self.done % 2, len(self.waiting) - 1))]


class LLM:
    def __init__(self, model, **options):
        note(model=model, pid=os.getpid(), environment=dict(os.environ), **options)
        if HOW == "model":
            raise ValueError("Model architectures ['X'] are not supported for now.")
        self.llm_engine = Engine(options["max_model_len"])
""",
    "lora/__init__.py": "",
    "lora/request.py": """
class LoRARequest:
    def __init__(self, lora_name, lora_int_id, lora_path):
        self.lora_name, self.lora_int_id, self.lora_path = lora_name, lora_int_id, lora_path
""",
    "platforms.py": """
class current_platform:
    device_name = "stand-in"
    is_cpu = staticmethod(lambda: False)
""",
}


def install(folder: Path) -> Path:
    """Write the package, and an interpreter that imports it; returns the interpreter."""
    for name, text in FILES.items():
        path = folder / "packages" / "vllm" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return script(folder / "python", f'PYTHONPATH={folder / "packages"} exec {sys.executable} -S "$@"')


def script(path: Path, line: str) -> Path:
    """Write a shell script that can be run."""
    path.write_text(f"#!{shutil.which('sh')}\n{line}\n")
    os.chmod(path, 0o755)
    return path
