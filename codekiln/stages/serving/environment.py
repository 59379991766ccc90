"""The interpreter that has vLLM, which pins other packages than training and so has an environment of its own."""

import importlib.util
import os
import sys
from pathlib import Path

import codekiln
from codekiln.errors import InputError

VARIABLE = "CODEKILN_VLLM_PYTHON"
_FIX = (
    "in a checkout run `make vllm`; else install vLLM into an environment of its own "
    f"(python -m venv vllm && vllm/bin/pip install 'codekiln[serve]') and set {VARIABLE} to its python"
)


def vllm_python() -> Path:
    """Return the Python interpreter that vLLM is installed for.

    That is CODEKILN_VLLM_PYTHON, else the one of ``.venv-vllm`` in the checkout, else this one. vLLM is not imported.

    Raises:
        InputError: There is none.
    """
    if given := os.environ.get(VARIABLE, ""):
        path = Path(given).expanduser()
        if not os.access(path, os.X_OK) or path.is_dir():
            raise InputError("is no interpreter", where=f"{VARIABLE}={given}", fix=_FIX)
        return path.absolute()
    checkout = Path(codekiln.__file__).parents[1] / ".venv-vllm" / "bin" / "python"
    if checkout.is_file():
        return checkout
    if importlib.util.find_spec("vllm") is None:
        raise InputError("vLLM is not installed", where="codekiln serve", fix=_FIX)
    return Path(sys.executable)
