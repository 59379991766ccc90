"""A Python with codekiln that every user of this machine can read, wherever this one is installed."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

_LEFT_OUT = shutil.ignore_patterns("__pycache__", "site-packages", "dist-packages", "test", "idlelib", "config-*")
_LOADED = """
import sys
import codekiln.sandbox
for name, module in list(sys.modules.items()):
    if "." not in name and "-packages" in (getattr(module, "__file__", None) or ""):
        print(module.__file__)
print(sys.modules["codekiln"].__file__)
"""


def python_in(folder: Path) -> tuple[str, dict[str, str]]:
    """Copy the interpreter, codekiln and what its sandbox imports into ``folder``.

    The checkout, the environment and the interpreter itself may all lie below a home folder that only root may enter.

    Returns:
        The copied interpreter, and the environment variables it needs.
    """
    stdlib = Path(sysconfig.get_path("stdlib"))
    (folder / "bin").mkdir()
    interpreter = shutil.copy(os.path.realpath(sys.executable), folder / "bin" / "python3")
    shutil.copytree(stdlib, folder / "lib" / stdlib.name, ignore=_LEFT_OUT)
    for library in Path(sysconfig.get_config_var("LIBDIR")).glob("libpython*.so*"):
        shutil.copy(library, folder / "lib")
    for module in map(Path, _modules()):
        if module.name == "__init__.py":
            shutil.copytree(module.parent, folder / "packages" / module.parent.name, ignore=_LEFT_OUT)
        else:
            (folder / "packages").mkdir(exist_ok=True)
            shutil.copy(module, folder / "packages")
    return interpreter, {"PYTHONPATH": str(folder / "packages"), "LD_LIBRARY_PATH": str(folder / "lib")}


def _modules() -> list[str]:
    """Return the files of codekiln and of the installed packages that its sandbox loads."""
    ran = subprocess.run([sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True)
    return ran.stdout.split()
