"""Run the first step of a compiled pipeline as Kubeflow's launcher would; for `python -c` inside the cpu image."""

import json
import os
import re
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

import yaml

STEP = "check"
FORM = {"profile": "laptop"}


def executor_input(component: dict, folder: Path) -> dict:
    """Return what the launcher passes to a step: values for its inputs and places for its outputs."""
    inputs = component["inputDefinitions"]["parameters"]
    outputs = component["outputDefinitions"]
    artifacts = {
        name: {"artifacts": [{"name": name, "type": one["artifactType"], "uri": f"{folder}/{name}", "metadata": {}}]}
        for name, one in outputs.get("artifacts", {}).items()
    }
    parameters = {name: {"outputFile": f"{folder}/parameter-{name}"} for name in outputs.get("parameters", {})}
    given = {"parameterValues": {name: FORM.get(name, "") for name in inputs}}
    return {
        "inputs": given,
        "outputs": {"artifacts": artifacts, "parameters": parameters, "outputFile": f"{folder}/executor_output.json"},
    }


def main() -> int:
    """Run the step; returns its exit status, or 1 where it left no output."""
    text = files("codekiln").joinpath("compiled", "data.yaml").read_text()
    pipeline = next(yaml.safe_load_all(text))
    image = pipeline["root"]["inputDefinitions"]["parameters"]["image"]["defaultValue"]
    container = pipeline["deploymentSpec"]["executors"][f"exec-{STEP}"]["container"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sent = json.dumps(executor_input(pipeline["components"][f"comp-{STEP}"], folder))
        words = [re.sub(re.escape("{{$}}"), lambda _: sent, word) for word in container["command"] + container["args"]]
        done = subprocess.run(words, cwd=folder, env=os.environ | {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/m.db"})
        left = sorted(path.name for path in folder.iterdir())
    print(f"image of the pipeline: {image}; exit status {done.returncode}; left {left}")
    return done.returncode or int("executor_output.json" not in left)


if __name__ == "__main__":
    sys.exit(main())
