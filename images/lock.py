"""Write the lock files of the images from pyproject.toml: ``python images/lock.py [IMAGE...]``."""

import argparse
import re
import subprocess
import sys
import tomllib
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "images"
TOOLS = ROOT / "build" / "lock-tools"
UV = "uv==0.13.8"
NAME = re.compile(r"[A-Za-z0-9._-]+")
CUDA = re.compile(r"torch|triton|(cuda|nvidia)-.*")
SOURCES = {"deepspeed"}
BUILD = ("hatchling>=1.27", "setuptools>=80", "wheel>=0.45")


@dataclass(frozen=True)
class Image:
    """What goes into one image.

    Attributes:
        extras: Extras of pyproject.toml whose packages the image holds.
        core: Whether codekiln itself, and so its own dependencies, are in it.
        without: Packages of those extras that it does without.
        cuda: Whether torch is the one with CUDA, as PyPI has it.
        tested: Whether requirements.lock, with which the tests run, bounds the versions.
    """

    extras: tuple[str, ...]
    core: bool = True
    without: tuple[str, ...] = ()
    cuda: bool = True
    tested: bool = True


# DeepSpeed compiles an operator at run time on a CPU, and a step in the cpu image trains in one process.
WANTED = {
    "cpu": Image(("train", "cluster"), without=("deepspeed",), cuda=False),
    "train": Image(("train",)),
    "serve": Image(("serve",), core=False, tested=False),
}


def name_of(requirement: str) -> str:
    """Return the normalised name of the package that a requirement or a lock's entry is about."""
    found = NAME.match(requirement)
    if found is None:
        raise ValueError(f"no package name in {requirement!r}")
    return re.sub(r"[-_.]+", "-", found.group()).lower()


def direct(image: Image) -> list[str]:
    """Return the requirements of pyproject.toml that an image must meet."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = list(project["dependencies"]) if image.core else []
    for extra in image.extras:
        wanted += project["optional-dependencies"][extra]
    return [requirement for requirement in wanted if name_of(requirement) not in image.without]


def entries(text: str) -> dict[str, str]:
    """Split a resolved list into one entry a package, each with its hashes."""
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
    return {name_of(block): block for block in blocks if "==" in block}


def resolve(requirements: Sequence[str], *options: str) -> dict[str, str]:
    """Resolve for 64-bit x86 Linux and Python 3.11, reading metadata only."""
    uv = TOOLS / "bin" / "uv"
    if not uv.exists() or UV.replace("==", " ") not in subprocess.check_output([uv, "--version"], text=True):
        venv.create(TOOLS, with_pip=True)
        subprocess.run([TOOLS / "bin" / "pip", "install", "-q", "--disable-pip-version-check", UV], check=True)
    fixed = "--no-config --quiet --generate-hashes --no-annotate --no-header".split()
    place = "--python-platform x86_64-manylinux_2_28 --python-version 3.11".split()
    command = [uv, "pip", "compile", *fixed, *place, *options, "-"]
    done = subprocess.run(
        command, input="\n".join(requirements), stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT
    )
    return entries(done.stdout)


def write(path: Path, why: str, lines: Sequence[str]) -> None:
    """Write one lock file, headed by how it is made and how it is installed."""
    head = f"# Made by `python images/lock.py`; do not edit. {why}\n"
    path.write_text(head + "".join(line if line.endswith("\n") else line + "\n" for line in lines))
    print(f"{path.relative_to(ROOT)}: {len(lines)} packages")


def options(name: str, image: Image) -> list[str]:
    """Return the bounds on a resolution: what the tests ran with, and the image's own files."""
    found = ["-c", "requirements.lock"] if image.tested else []
    for option, file in (("-c", "constraints.txt"), ("--override", "overrides.txt")):
        if (IMAGES / name / file).exists():
            found += [option, f"images/{name}/{file}"]
    return found


def lock(name: str) -> None:
    """Write the lock files of one image: torch first, then the rest, then what must be built from source."""
    image = WANTED[name]
    found = resolve(direct(image), *options(name, image))
    torch = {key: entry for key, entry in found.items() if CUDA.fullmatch(key)}
    source = {key: entry for key, entry in found.items() if key in SOURCES}
    rest = [entry for key, entry in found.items() if key not in torch | source]
    if image.cuda:
        write(IMAGES / name / "torch.lock", "Torch and CUDA: the layer that seldom changes.", list(torch.values()))
    else:
        version = torch["torch"].split()[0]
        write(IMAGES / name / "torch.lock", "No hash: each index of CPU builds has its own file.", [version])
    if source:
        write(
            IMAGES / name / "source.lock",
            "No wheels on the index: built in a stage of their own.",
            list(source.values()),
        )
    write(IMAGES / name / "requirements.lock", "Installed after torch.lock, with --no-deps.", rest)


def main(argv: Sequence[str] | None = None) -> int:
    """Lock the images asked for, and what builds wheels."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "images", nargs="*", choices=[[], *WANTED], metavar="IMAGE", help=f"of {', '.join(WANTED)}; default all"
    )
    asked = parser.parse_args(argv).images or list(WANTED)
    write(IMAGES / "build.lock", "What builds wheels; in no image.", list(resolve(BUILD).values()))
    for name in asked:
        lock(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
