"""The Python interpreter that has vllm: it pins other packages than codekiln, so it has an environment of its own."""

import importlib.util
import os
import sys
from pathlib import Path

from codekiln.errors import InputError

VARIABLE = "CODEKILN_VLLM_PYTHON"
CHECKOUT = Path(__file__).resolve().parents[3]
# Of the image, and of `make vllm` in a checkout.
PLACES = (Path("/opt/vllm/bin/python"), CHECKOUT / ".venv-vllm" / "bin" / "python")
FIX = f'run `make vllm` in a checkout, name its Python in {VARIABLE}, or set engine = "transformers"'


def find() -> Path:
    """Return the interpreter: the one in the variable, of the image or of the checkout, or this one if it has vllm.

    Raises:
        InputError: There is none.
    """
    if named := os.environ.get(VARIABLE, ""):
        if not os.access(named, os.X_OK):
            raise InputError("is no program that can be run", where=f"{VARIABLE}={named}", fix=FIX)
        return Path(named)
    for place in PLACES:
        if os.access(place, os.X_OK):
            return place
    if importlib.util.find_spec("vllm"):
        return Path(sys.executable)
    raise InputError("vLLM is not installed here", where="engine = vllm", fix=FIX)
