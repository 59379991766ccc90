"""The Makefile's installation: no silent minutes, and nothing twice."""

import re
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize(("command", "code"), [("sleep 0.35", 0), ("false", 2)])
def test_a_part_of_the_installation_says_what_how_far_and_how_long(tmp_path, command, code):
    define = re.search(r"^define said\n.+?^endef\n", MAKEFILE, re.DOTALL | re.MULTILINE)[0]
    rule = f"{tmp_path}/made:\n\t@$(call said,it,{command})\n"
    (tmp_path / "Makefile").write_text(f"SHELL := /bin/bash\n{define.replace('sleep 20', 'sleep 0.1')}\n{rule}")
    begin = time.monotonic()
    done = subprocess.run(["make", "-f", tmp_path / "Makefile"], capture_output=True, text=True, timeout=30)
    assert time.monotonic() - begin < 10, "nothing that goes on holds the output open"
    assert done.returncode == code
    first, *between, last = done.stdout.splitlines() if code == 0 else [*done.stdout.splitlines(), ""]
    assert first == "installing it"
    assert code or (re.fullmatch(r"  \d+ s, \S+ in \S+", between[0]) and re.fullmatch(r"  done in \d s", last))


def test_only_other_contents_install_again(tmp_path):
    for name in ("Makefile", "requirements.lock", "requirements-vllm.lock", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())

    def made() -> str:
        return subprocess.run(["make", "-n", "demo"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    ready = re.search(r"touch (\S+)", made())[1]
    (tmp_path / ready).parent.mkdir()
    (tmp_path / ready).touch()
    (tmp_path / "requirements.lock").touch()
    assert "pip install" not in made()
    with (tmp_path / "requirements.lock").open("a") as file:
        file.write("# another\n")
    assert "pip install" in made()
