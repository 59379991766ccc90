"""The optional parts of the installation: the packages of each extra, and what is said of a missing one."""

from collections.abc import Iterable
from importlib.util import find_spec

from codekiln.errors import InputError

PACKAGES = {
    "train": ("accelerate", "bitsandbytes", "datasets", "deepspeed", "peft", "torch", "transformers", "trl"),
    "cluster": ("kfp", "kubernetes"),
    "serve": ("vllm",),
}
"""The packages of each extra of pyproject.toml, by the names that they are imported under."""
_PARTS = {"kfp_server_api": "kfp", "kfp_kubernetes": "kfp"}
"""Packages that come with another."""


def extra_of(module: str | None) -> str | None:
    """Return the extra that a module belongs to; None where it is of none."""
    package = (module or "").partition(".")[0]
    package = _PARTS.get(package, package)
    return next((extra for extra, packages in PACKAGES.items() if package in packages), None)


def missing(extra: str) -> list[str]:
    """Return the packages of an extra that are not installed here."""
    return [package for package in PACKAGES[extra] if find_spec(package) is None]


def refusal(modules: Iterable[str], needed_by: str = "") -> InputError:
    """Return the error that packages of one extra are not installed.

    Args:
        modules: The modules that cannot be imported, at least one.
        needed_by: What needs them; empty: the command.
    """
    names = [module.partition(".")[0] for module in modules]
    packages = f"the package {names[0]}, which is" if len(names) == 1 else f"the packages {', '.join(names)}, which are"
    return InputError(
        f"{needed_by or 'this'} needs {packages} not installed", fix=f"pip install 'codekiln[{extra_of(names[0])}]'"
    )
