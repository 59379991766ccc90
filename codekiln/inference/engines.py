"""Which engine samples: transformers in this process, or vLLM in a process of its own."""

from collections.abc import Callable
from pathlib import Path

from codekiln.errors import InputError
from codekiln.inference import Generator
from codekiln.inference.engine_settings import Choice, Engine, VllmSettings
from codekiln.inference.vllm import interpreter


def choose(choice: Choice) -> tuple[Engine, str]:
    """Return the engine for this machine, and why: 'auto' is vLLM where it is installed and there is a GPU.

    Raises:
        InputError: vLLM is asked for by name and is not here.
    """
    if choice == "transformers":
        return choice, "as set"
    if choice == "vllm":
        interpreter.find()
        return choice, "as set"
    try:
        interpreter.find()
    except InputError:
        return "transformers", "vLLM is not installed here"
    import torch

    return ("vllm", "vLLM and a GPU are here") if torch.cuda.is_available() else ("transformers", "there is no GPU")


def open_generator(
    engine: Engine,
    base: str,
    adapter: Path | None = None,
    revision: str | None = None,
    settings: VllmSettings | None = None,
    on_progress: Callable[[int], None] = lambda done: None,
    title: str = "sample",
) -> Generator:
    """Return a generator of an engine.

    Args:
        engine: The engine.
        base: A name of the model table, a folder or a Hub id.
        adapter: Folder of a LoRA adapter trained on that base.
        revision: Hub revision, when it is not the one of the table.
        settings: Of vLLM.
        on_progress: Called now and then with the number of completions that `generate` has made so far.
        title: What lines of progress call the work.

    Raises:
        InputError: The model or the adapter cannot be read or used by this engine, or the engine is not here.
        ModelError: The model cannot be used for chat.
    """
    if engine == "vllm":
        from codekiln.inference.vllm.generator import VllmGenerator

        return VllmGenerator(base, adapter, revision, settings or VllmSettings(), on_progress, title)
    from codekiln.inference.local import LocalGenerator

    return LocalGenerator(base, adapter, revision, on_progress=on_progress, title=title)
