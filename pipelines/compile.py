"""Compile every pipeline to YAML: ``python -m pipelines.compile [FOLDER]``."""

import sys
from pathlib import Path

import yaml
from kfp import compiler

from pipelines.align import build
from pipelines.data import data
from pipelines.instruct import instruct
from pipelines.judge import judge
from pipelines.prefer import prefer

COMPILED = Path(__file__).with_name("compiled")
MOUNT = "/codekiln"
# Steps that start no job and still read files of the user on the shared volume: problems, corpora, graded runs.
READ_DATA = ("exec-check", "exec-generate")


def compile_all(folder: Path = COMPILED, rounds: int = 1, image: str = "", claim: str = "") -> list[Path]:
    """Write one YAML per pipeline into ``folder`` and return their paths.

    Args:
        folder: Folder for the files; created when it is new.
        rounds: Rounds of self-generation in align.
        image: Default image of the steps; empty: the release's.
        claim: A PersistentVolumeClaim that steps and jobs share, mounted at ``/codekiln``; empty: none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pipelines = {"align": build(rounds), "instruct": instruct, "prefer": prefer, "data": data, "judge": judge}
    paths = [folder / f"{name}.yaml" for name in pipelines]
    for path, pipeline in zip(paths, pipelines.values(), strict=True):
        compiler.Compiler().compile(pipeline, str(path))
        if image or claim:
            path.write_text(_adapted(path.read_text(), image, claim))
    return paths


def _adapted(text: str, image: str, claim: str) -> str:
    pipeline, platform = yaml.safe_load_all(text)
    if image:
        pipeline["root"]["inputDefinitions"]["parameters"]["image"]["defaultValue"] = image
    if claim:
        executors = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
        mount = {
            "constant": claim,
            "mountPath": MOUNT,
            "pvcNameParameter": {"runtimeValue": {"constant": claim}},
        }
        for component in pipeline["components"].values():
            if "taskConfigPassthroughs" in component or component["executorLabel"] in READ_DATA:
                executors[component["executorLabel"]]["pvcMount"] = [mount]
    return yaml.safe_dump_all([pipeline, platform], sort_keys=False)


if __name__ == "__main__":
    for written in compile_all(Path(sys.argv[1]) if len(sys.argv) > 1 else COMPILED):
        print(written)
