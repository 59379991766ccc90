"""Third-party packages that programs may import: which files belong to them, and the folder in which they are found."""

import importlib.metadata
import os
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path

from codekiln.errors import InputError


def package_paths(names: Iterable[str]) -> list[str]:
    """Return the files and folders of packages, of the libraries they bundle, and of the packages they require.

    A folder that several packages share, as namespace packages do, is returned whole.

    Args:
        names: Names to import, such as ``sklearn``, or of distributions, such as ``scikit-learn``.

    Raises:
        InputError: A package, or one that it requires, is not installed.
    """
    providers = importlib.metadata.packages_distributions()
    waiting = [(name, provider) for name in names for provider in providers.get(name, [name])]
    found: dict[str, list[str]] = {}
    while waiting:
        asked, name = waiting.pop()
        if name in found:
            continue
        try:
            distribution = importlib.metadata.distribution(name)
        except PackageNotFoundError as error:
            needed = "" if asked == name else f"is required by {asked} and "
            raise InputError(
                f"{needed}is not installed: programs cannot import it",
                where=f"package {name}",
                fix=f"pip install {name}, or leave it out",
            ) from error
        found[name] = _top_level(distribution)
        if asked == name or name in providers.get(asked, ()):
            _check_has_modules(name, found[name])
        waiting += [(asked, required) for required in _required(distribution)]
    return sorted({path for paths in found.values() for path in paths})


def link_packages(paths: Iterable[str], folder: str) -> None:
    """Make a folder in which an interpreter finds nothing but the packages at ``paths``, by symbolic links."""
    os.mkdir(folder, 0o700)
    for path in paths:
        os.symlink(path, os.path.join(folder, os.path.basename(path)))


def _check_has_modules(name: str, paths: list[str]) -> None:
    if all(path.endswith((".dist-info", ".egg-info")) for path in paths):
        raise InputError(
            "has no files in site-packages: programs cannot import it",
            where=f"package {name}",
            fix="install it with pip, not editable",
        )


def _top_level(distribution: Distribution) -> list[str]:
    """Return what a distribution installed directly in its site-packages folder; scripts lie elsewhere."""
    names = {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}
    # A .pth file runs code at the start of an interpreter, which programs do not have.
    places = [Path(str(distribution.locate_file(name))) for name in sorted(names) if not name.endswith(".pth")]
    return [os.fspath(place.resolve()) for place in places if place.exists()]


def _required(distribution: Distribution) -> Iterator[str]:
    from packaging.requirements import Requirement  # slow to import, and rarely needed

    for text in distribution.requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement.name
