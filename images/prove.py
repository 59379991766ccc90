"""Run an image's install steps in clean environments, without an engine: ``python images/prove.py cpu``.

Each stage gets an empty virtual environment and an empty folder for its files. COPY, ENV, WORKDIR and RUN are carried
out there as the commit has them; what needs a system of its own (apt-get, useradd), or
CUDA (vLLM beside the trainers), is named and left out. What was
installed is then made read-only and tried as the image's user.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path

import build
import containerfile
import lock

# vLLM beside the trainers needs torch with CUDA, and gigabytes of wheels: tests compare its lock with serve's.
SYSTEM = re.compile(r"^(apt-get|useradd)\b|.*/opt/vllm/")
PLACES = re.compile(r"(?<![\w.])/(src|wheels|opt/codekiln|cache)\b")
STEP = (Path(__file__).with_name("step.py")).read_text()
IMPORTS = "import accelerate, datasets, deepspeed, mlflow, peft, torch, transformers, trl; print(torch.__version__)"
TRIALS = {
    "cpu": (["codekiln", "--version"], ["pip", "check"], ["python", "-c", STEP]),
    "train": (
        ["pip", "check"],
        ["python", "-c", IMPORTS],
        ["python", "-m", "codekiln.training", "--help"],
        ["python", "-m", "codekiln.launch.worker", "--help"],
    ),
}


class Place:
    """Where one stage is carried out: a folder for its files, a virtual environment, and the variables set so far."""

    def __init__(self, folder: Path) -> None:
        self.files = folder / "files"
        self.environment = folder / "environment"
        self.folder = self.files
        self.files.mkdir(parents=True)
        venv.create(self.environment, with_pip=True)
        self.values: dict[str, str] = {}

    def path(self, name: str) -> Path:
        """Return where a path of the image is here."""
        return self.files / name.lstrip("/") if name.startswith("/") else self.folder / name

    def here(self, text: str) -> str:
        """Put this stage's folder before the image's own paths in a command or a value."""
        return PLACES.sub(lambda found: str(self.files / found[1]), text)

    def variables(self) -> dict[str, str]:
        """Return the variables a command gets; pip's own settings on this machine hold here too."""
        kept = {name: os.environ[name] for name in os.environ if name.startswith(("PIP_", "LANG", "SSL_"))}
        own = {name: self.here(value) for name, value in self.values.items() if value}
        return {**kept, **own, "PATH": f"{self.environment / 'bin'}:/usr/local/bin:/usr/bin:/bin"}


def copy(place: Place, words: Sequence[str], source: Path) -> None:
    """Carry out a COPY."""
    *names, target = words
    into = place.path(target)
    for name in names:
        found = source / name.lstrip("/")
        if found.is_dir():
            shutil.copytree(found, into, dirs_exist_ok=True)
        else:
            folder = target.endswith(("/", ".")) or len(names) > 1
            (into if folder else into.parent).mkdir(parents=True, exist_ok=True)
            shutil.copy(found, into)


def run(place: Place, command: str) -> None:
    """Carry out a RUN, or say that it was left out."""
    if SYSTEM.match(command):
        print(f"left out: {command}", flush=True)
        return
    print(f"run: {command}", flush=True)
    place.folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["sh", "-ec", place.here(command)], cwd=place.folder, env=place.variables(), check=True)


def perform(stage: containerfile.Stage, place: Place, places: dict[str, Place], source: Path, given: dict) -> None:
    """Carry out the instructions of one stage."""
    for one in stage.instructions:
        rest = one.rest if one.word == "RUN" else containerfile.substitute(one.rest, place.values)
        if one.word == "ARG":
            place.values |= {name: given.get(name, value) for name, value in one.pairs().items()}
        elif one.word == "ENV":
            place.values |= containerfile.Instruction("ENV", rest, one.line).pairs()
        elif one.word == "WORKDIR":
            place.folder = place.path(rest)
        elif one.word == "RUN":
            run(place, one.rest)
        elif one.word == "COPY":
            words = rest.split()
            other = words.pop(0).removeprefix("--from=") if words[0].startswith("--from=") else ""
            copy(place, words, places[other].files if other else source)


def try_out(name: str, place: Place) -> None:
    """Run what the image is for, as its user and with nothing to write to but a folder for temporary files."""
    user = ["setpriv", "--reuid=1000", "--regid=0", "--clear-groups"] if os.geteuid() == 0 else []
    library = next((place.environment / "lib").glob("python3*/site-packages"))
    subprocess.run(["chmod", "-R", "a-w,a+rX", str(place.environment)], check=True)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        writable = {"HOME": folder, "TMPDIR": folder, "HF_HOME": f"{folder}/hf", "MPLCONFIGDIR": folder}
        for words in TRIALS[name]:
            print("try:", *[word if len(word) < 200 else "..." for word in words], flush=True)
            subprocess.run([*user, *words], cwd=folder, env=place.variables() | writable, check=True)
    size = subprocess.check_output(["du", "-sm", str(library)], text=True).split()[0]
    print(f"{name}: {size} MB of installed packages")


def without_cuda(source: Path) -> None:
    """Put the CPU build of the same torch in place of torch and CUDA, and its hash in place of theirs."""
    version = (source / "images/cpu/torch.lock").read_text().split()[-1]
    print(f"replaced: images/train/torch.lock by the CPU build of {version}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip"]
        subprocess.run([*pip, "download", "-q", "--no-deps", "-d", folder, version], check=True)
        wheel = next(Path(folder).iterdir())
        hashed = subprocess.check_output([*pip, "hash", str(wheel)], text=True).split()[-1]
    (source / "images/train/torch.lock").write_text(f"{version} {hashed}\n")


def prove(name: str, folder: Path, given: dict[str, str]) -> None:
    """Carry out every stage of an image, then try the last one."""
    source = folder / "source"
    source.mkdir(parents=True)
    commit = build.git("rev-parse", "HEAD").decode().strip()
    build.context(commit, source)
    reference = f"codekiln/{name}:{build.tag(commit)}"
    given = dict(one.split("=", 1) for one in build.arguments(name, build.tag(commit), commit, reference)) | given
    if name == "train":
        without_cuda(source)
    _, stages = containerfile.stages(source / "images" / name / "Containerfile")
    places: dict[str, Place] = {}
    for stage in stages:
        places[stage.name] = Place(folder / stage.name)
        perform(stage, places[stage.name], places, source, given)
    try_out(name, places[stages[-1].name])


def main(argv: Sequence[str] | None = None) -> int:
    """Prove the images asked for; of serve only that its locks resolve."""
    parser = argparse.ArgumentParser(
        description="Run an image's install steps in clean environments, without an engine."
    )
    parser.add_argument("images", nargs="*", metavar="IMAGE", help="of cpu, train, serve; default all")
    parser.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE")
    asked = parser.parse_args(argv)
    given = dict(one.split("=", 1) for one in asked.build_arg)
    for name in asked.images or build.NAMES:
        if name == "serve":
            if not lock.check(name):
                return 1
            print("serve: its locks are what vllm resolves to; nothing was installed")
            continue
        # Under the system's temporary folder, since the image's user must reach it.
        with tempfile.TemporaryDirectory(prefix="codekiln-prove-", ignore_cleanup_errors=True) as folder:
            os.chmod(folder, 0o755)
            prove(name, Path(folder), given)
    return 0


if __name__ == "__main__":
    sys.exit(main())
