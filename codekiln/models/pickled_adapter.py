"""Adapters whose weights are a pickle, ``adapter_model.bin``, as PEFT wrote them before it wrote safetensors."""

import pickle
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from codekiln.errors import InputError
from codekiln.models.adapter_base import CONFIG
from codekiln.models.adapter_files import WEIGHTS
from codekiln.models.chat_files import CHAT_FILES
from codekiln.models.weight_files import AGAIN, check_files

SAFE, PICKLED = WEIGHTS


@contextmanager
def in_safetensors(adapter: Path) -> Iterator[Path]:
    """Provide an adapter with its weights in safetensors: its own folder, or a copy while the block runs.

    Raises:
        InputError: The pickle cannot be read, or holds something else than tensors, which is not run.
    """
    if (adapter / SAFE).is_file() or not (adapter / PICKLED).is_file():
        yield adapter
        return
    check_files(adapter)
    with tempfile.TemporaryDirectory(prefix="codekiln-") as place:
        for name in (CONFIG, *CHAT_FILES):
            if (adapter / name).is_file():
                shutil.copyfile(adapter / name, Path(place, name))
        _convert(adapter / PICKLED, Path(place, SAFE))
        yield Path(place)


def _convert(path: Path, to: Path) -> None:
    import torch
    from safetensors.torch import save_file

    try:
        held = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError):
        raise InputError("is cut short, or no pickle of torch", where=str(path), fix=AGAIN) from None
    except pickle.UnpicklingError:  # its message advises to run what is in the file
        held = None
    if not isinstance(held, dict) or not all(
        isinstance(name, str) and isinstance(each, torch.Tensor) and each.layout is torch.strided
        for name, each in held.items()
    ):
        fix = "give an adapter that PEFT's save_pretrained wrote"
        raise InputError("holds something else than an adapter's weights", where=str(path), fix=fix)
    save_file({name: each.contiguous().clone() for name, each in held.items()}, to)
