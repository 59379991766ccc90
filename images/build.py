"""Build the images of one commit, tagged with it: ``python images/build.py [IMAGE...] [--prefix HOST/codekiln]``."""

import argparse
import io
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("cpu", "train", "serve")
ENGINES = ("docker", "podman", "buildah")


def git(*words: str, root: Path = ROOT) -> bytes:
    """Return what a git command prints."""
    return subprocess.run(["git", "-C", root, *words], stdout=subprocess.PIPE, check=True).stdout


def tag(commit: str, root: Path = ROOT) -> str:
    """Return the tag of a commit's images: the library's version and seven digits of the commit."""
    source = git("show", f"{commit}:codekiln/__init__.py", root=root).decode()
    version = re.search(r'^__version__ = "([^"]+)"', source, re.MULTILINE)
    if version is None:
        raise SystemExit(f"codekiln/__init__.py of {commit} names no __version__")
    return f"{version.group(1)}-{commit[:7]}"


def context(commit: str, folder: Path, root: Path = ROOT) -> None:
    """Put the files of a commit into a folder, and so nothing that is not committed into an image."""
    with tarfile.open(fileobj=io.BytesIO(git("archive", "--format=tar", commit, root=root))) as files:
        # Debian 12's Python 3.11.2 has no filters yet (PEP 706); an archive of our own commit does not depend on them.
        files.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))


def command(engine: str, name: str, folder: Path, reference: str, arguments: Sequence[str]) -> list[str]:
    """Return the engine's command that builds one image from a folder."""
    file = folder / "images" / name / "Containerfile"
    given = [word for argument in arguments for word in ("--build-arg", argument)]
    return [engine, "build", "--file", str(file), "--tag", reference, *given, str(folder)]


def arguments(name: str, stamp: str, commit: str, reference: str) -> list[str]:
    """Return the build arguments that stamp an image."""
    stamps = [f"VERSION={stamp}", f"REVISION={commit}"]
    return [*stamps, f"CODEKILN_IMAGE={reference}"] if name == "cpu" else stamps


def find_engine(asked: str | None) -> str:
    """Return the container engine to use."""
    found = [asked] if asked else [engine for engine in ENGINES if shutil.which(engine)]
    if not found:
        raise SystemExit(f"no container engine found: install one of {', '.join(ENGINES)}, or name yours with --engine")
    return found[0]


def read(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", nargs="*", metavar="IMAGE", help=f"of {', '.join(NAMES)}; default all")
    parser.add_argument(
        "--prefix", default="codekiln", help="what precedes /cpu, /train and /serve, with your registry"
    )
    parser.add_argument("--commit", default="HEAD", help="what to build; changes that are not committed are left out")
    parser.add_argument("--engine", help=f"default: the first found of {', '.join(ENGINES)}")
    parser.add_argument(
        "--build-arg", action="append", default=[], metavar="NAME=VALUE", help="passed on to the engine"
    )
    parser.add_argument("--push", action="store_true", help="push each image after building it")
    parser.add_argument("--print", action="store_true", help="print the names and build nothing")
    asked = parser.parse_args(argv)
    if unknown := set(asked.images) - set(NAMES):
        parser.error(f"no image {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    return asked


def main(argv: Sequence[str] | None = None) -> int:
    """Build, and push where asked, the images of one commit."""
    asked = read(argv)
    commit = git("rev-parse", "--verify", f"{asked.commit}^{{commit}}").decode().strip()
    stamp = tag(commit)
    names = {name: f"{asked.prefix}/{name}:{stamp}" for name in asked.images or NAMES}
    if asked.print:
        print(*names.values(), sep="\n")
        return 0
    engine = find_engine(asked.engine)
    with tempfile.TemporaryDirectory(prefix="codekiln-build-") as folder:
        context(commit, Path(folder))
        for name, reference in names.items():
            given = arguments(name, stamp, commit, reference) + asked.build_arg
            subprocess.run(command(engine, name, Path(folder), reference, given), check=True)
            if asked.push:
                subprocess.run([engine, "push", reference], check=True)
            print(reference)
    return 0


if __name__ == "__main__":
    sys.exit(main())
