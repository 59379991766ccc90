"""Compile every pipeline to YAML: ``python -m pipelines.compile [FOLDER]``."""

import sys
from pathlib import Path

from kfp import compiler

from pipelines.align import build
from pipelines.data import data
from pipelines.instruct import instruct
from pipelines.judge import judge

COMPILED = Path(__file__).with_name("compiled")


def compile_all(folder: Path = COMPILED, rounds: int = 1) -> list[Path]:
    """Write one YAML per pipeline into ``folder`` and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    pipelines = {"align": build(rounds), "instruct": instruct, "data": data, "judge": judge}
    paths = [folder / f"{name}.yaml" for name in pipelines]
    for path, pipeline in zip(paths, pipelines.values(), strict=True):
        compiler.Compiler().compile(pipeline, str(path))
    return paths


if __name__ == "__main__":
    for written in compile_all(Path(sys.argv[1]) if len(sys.argv) > 1 else COMPILED):
        print(written)
