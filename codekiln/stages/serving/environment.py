"""The interpreter that has vLLM, for its server."""

from pathlib import Path

from codekiln.errors import InputError
from codekiln.inference.vllm import interpreter

FIX = (
    "in a checkout run `make vllm`; else install vLLM into an environment of its own "
    f"(python -m venv vllm && vllm/bin/pip install vllm) and set {interpreter.VARIABLE} to its python"
)


def vllm_python() -> Path:
    """Return the interpreter that samples with vLLM, too.

    Raises:
        InputError: There is none, with what to do for a server.
    """
    try:
        return interpreter.find()
    except InputError as error:
        where = error.where if error.where.startswith(interpreter.VARIABLE) else "codekiln serve"
        raise InputError(error.what, where=where, fix=FIX) from None
