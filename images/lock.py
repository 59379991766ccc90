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
VLLM = IMAGES / "train" / "vllm" / "requirements.lock"
SOURCES = {"deepspeed", "kfp-server-api"}
BUILD = ("hatchling>=1.27", "setuptools>=80", "wheel>=0.45")


@dataclass(frozen=True)
class Image:
    """What goes into one image.

    Attributes:
        extras: Extras of pyproject.toml whose packages the image holds.
        core: Whether codekiln itself, and so its own dependencies, are in it.
        without: Packages of those extras that it does without.
        also: Packages that only the image needs.
        cuda: Whether torch is the one with CUDA, as PyPI has it.
        tested: Whether requirements.lock, with which the tests run, bounds the versions.
    """

    extras: tuple[str, ...]
    core: bool = True
    without: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    cuda: bool = True
    tested: bool = True


# DeepSpeed compiles an operator at run time on a CPU, and a step in the cpu image trains in one process; a base that is
# worth 4 bits is trained on a GPU. The chart's
# MLflow server runs in the cpu image, with a PostgreSQL database and perhaps artifacts in object storage.
SERVER = ("boto3>=1.40", "psycopg2-binary>=2.9")
WANTED = {
    "cpu": Image(("train", "cluster"), without=("deepspeed", "bitsandbytes"), also=SERVER, cuda=False),
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
    wanted += image.also
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
    fixed = ["--no-config", "--quiet", "--generate-hashes", "--no-annotate", "--no-header"]
    place = ["--python-platform", "x86_64-manylinux_2_28", "--python-version", "3.11"]
    command = [uv, "pip", "compile", *fixed, *place, *options, "-"]
    done = subprocess.run(
        command, input="\n".join(requirements), stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT
    )
    return entries(done.stdout)


def options(name: str, image: Image) -> list[str]:
    """Return the bounds on a resolution: what the tests ran with, and the image's own files."""
    found = ["-c", "requirements.lock"] if image.tested else []
    constraints = Path("images") / name / "constraints.txt"
    return [*found, "-c", str(constraints)] if (ROOT / constraints).exists() else found


def file(why: str, packages: Sequence[str]) -> str:
    """Return the text of one lock file."""
    return f"# Made by `python images/lock.py`; do not edit. {why}\n" + "".join(packages)


def locks(name: str, *bounds: str) -> dict[Path, str]:
    """Resolve one image; returns its files: torch first, then the rest, then what must be built from source."""
    image = WANTED[name]
    found = resolve(direct(image), *options(name, image), *bounds)
    torch = [key for key in found if CUDA.fullmatch(key)]
    source = [key for key in found if key in SOURCES]
    rest = [entry for key, entry in found.items() if key not in {*torch, *source}]
    if image.cuda:
        first = file("Torch and CUDA: the layer that seldom changes.", [found[key] for key in torch])
    else:
        first = file("No hash: each index of CPU builds has its own file.", [found["torch"].split()[0] + "\n"])
    folder = IMAGES / name
    texts = {folder / "torch.lock": first, folder / "requirements.lock": file("Installed after torch.lock.", rest)}
    if source:
        why = "No wheels on the index: built in a stage of their own."
        texts[folder / "source.lock"] = file(why, [found[key] for key in source])
    return texts


def vllm_lock() -> str:
    """Return the lock of vLLM in the image train: what serve has and train's own environment has not.

    Both environments of that image share torch, CUDA and all else that has the same version in both.
    """
    held, wanted = (
        {
            key: entry
            for path in sorted((IMAGES / name).glob("*.lock"))
            for key, entry in entries(path.read_text()).items()
        }
        for name in ("train", "serve")
    )
    own = [entry for key, entry in wanted.items() if held.get(key) != entry]
    return file("For /opt/vllm: images/serve without what images/train has in the same version.", own)


def check(name: str) -> bool:
    """Say whether the lock files of an image are what its requirements resolve to under the locks' own versions."""
    bounds = [word for path in sorted((IMAGES / name).glob("*.lock")) for word in ("-c", str(path))]
    wrong = [path for path, text in locks(name, *bounds).items() if not path.exists() or path.read_text() != text]
    if name == "train" and (not VLLM.exists() or VLLM.read_text() != vllm_lock()):
        wrong.append(VLLM)
    for path in wrong:
        print(f"{path.relative_to(ROOT)} does not meet pyproject.toml; run `python images/lock.py {name}`")
    return not wrong


def main(argv: Sequence[str] | None = None) -> int:
    """Lock, or check, the images asked for, and what builds wheels."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", nargs="*", metavar="IMAGE", help=f"of {', '.join(WANTED)}; default all")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a lock is not what is required")
    asked = parser.parse_args(argv)
    if unknown := set(asked.images) - set(WANTED):
        parser.error(f"no image {', '.join(sorted(unknown))}; there are {', '.join(WANTED)}")
    names = asked.images or list(WANTED)
    if asked.check:
        return 0 if all([check(name) for name in names]) else 1
    texts = {IMAGES / "build.lock": file("What builds wheels; in no image.", list(resolve(BUILD).values()))}
    for name in names:
        texts |= locks(name)
    for path, text in texts.items():
        path.write_text(text)
        print(f"{path.relative_to(ROOT)}: {len(entries(text))} packages")
    VLLM.write_text(vllm_lock())
    return 0


if __name__ == "__main__":
    sys.exit(main())
