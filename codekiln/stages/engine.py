"""The engine that samples in a run: settled once, by check, so that no evaluation mixes the draws of two."""

from codekiln.errors import InputError
from codekiln.inference.engine_settings import Engine
from codekiln.inference.engines import choose
from codekiln.launch.pools import read_cluster
from codekiln.settings.schema import Settings

NVIDIA = "nvidia.com/gpu"


def engine_of(settings: Settings) -> tuple[Engine, str]:
    """Return the engine that samples in a run, and why; ``auto`` is what the pool or this machine allows.

    Raises:
        InputError: vLLM is asked for, and is not here although the run samples here, or does not take the adapters.
    """
    if settings.lora.dora and settings.engine == "vllm":
        raise InputError("vLLM takes no adapter with DoRA", where="engine", fix="set engine = transformers or auto")
    if settings.pool and settings.engine != "auto":
        # Only the job's own image can say whether it is there.
        return settings.engine, "as set"
    engine, why = _on_pool(settings.pool) if settings.pool else choose(settings.engine)
    if settings.engine == "auto" and engine == "vllm" and settings.lora.dora:
        return "transformers", "vLLM takes no adapter with DoRA"
    return engine, why


def _on_pool(name: str) -> tuple[Engine, str]:
    pool = read_cluster().pool(name)
    if not pool.vllm:
        return "transformers", f"the image of pool '{name}' has no vLLM"
    if pool.accelerator != NVIDIA or not pool.accelerators:
        return "transformers", f"pool '{name}' has no {NVIDIA}"
    return "vllm", f"pool '{name}' has it"
