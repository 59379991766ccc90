"""``python -m benchmarks.gpu``: memory and tokens per second of training, on models of the real shapes."""

import argparse
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.gpu import measure, shapes
from codekiln.errors import CodekilnError, InputError, did_you_mean

DEFAULT = "gemma3-12b,qwen3-4b,gemma3-4b,gemma3-1b"


def main(arguments: list[str]) -> int:
    """Run the benchmark and return the exit code."""
    options = _options(arguments)
    try:
        names = _names(options.models)
        machine = _machine(options.tiny)
        found = [item for name in names for item in _model(name, machine, options)]
    except CodekilnError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    text = measure.as_json(machine, found)
    print(f"\n{machine.name} x {max(1, machine.devices)}\n\n{measure.table(found)}\n")
    if options.out:
        options.out.write_text(text + "\n")
    else:
        print(text)
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--models", default=DEFAULT, help="names with commas between them (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=20, help="optimiser steps of SFT and of DPO (default: 20)")
    parser.add_argument("--out", type=Path, help="file for the figures as JSON (default: printed)")
    parser.add_argument("--work", type=Path, help="folder with room for one model, 24 GB (default: a temporary one)")
    parser.add_argument("--tiny", action="store_true", help="tiny shapes on a CPU: proves the path, measures nothing")
    return parser.parse_args(arguments)


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in shapes.SHAPES:
            raise InputError(f"no shape '{name}'", where="--models", fix=did_you_mean(name, shapes.SHAPES))
    return names


def _machine(tiny: bool) -> measure.Machine:
    if tiny:
        return measure.Machine("CPU, tiny shapes: these figures mean nothing", 0, 16)
    import torch

    if not torch.cuda.is_available():
        raise InputError(
            "this benchmark needs an NVIDIA GPU and there is none",
            where="benchmarks.gpu",
            fix="run it on a GPU node with the train image; --tiny proves the path on a CPU",
        )
    device = torch.cuda.get_device_properties(0)
    return measure.Machine(device.name, torch.cuda.device_count(), round(device.total_memory / 2**30, 1))


def _model(name: str, machine: measure.Machine, options: argparse.Namespace) -> list[measure.Measurement]:
    with TemporaryDirectory(prefix="codekiln-gpu-", dir=options.work) as scratch:
        work = Path(scratch)
        print(f"{name}: building a model with random weights", file=sys.stderr, flush=True)
        # A process of its own, so that its memory on the GPU is free again when training starts.
        code = f"import pathlib, benchmarks.gpu.shapes as s; s.build({name!r}, pathlib.Path({str(work / 'base')!r})"
        subprocess.run([sys.executable, "-c", f"{code}, {options.tiny})"], cwd=measure.ROOT, check=True)
        found = []
        for kind in ("sft", "dpo"):
            print(f"{name}: {options.steps} steps of {kind}", file=sys.stderr, flush=True)
            found.append(measure.measure(name, kind, work / "base", work, options.steps, machine, options.tiny))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
