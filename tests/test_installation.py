"""The Makefile's installation: no silent minutes, and nothing twice."""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def make(*words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run make as a user does, also where make runs these tests and tells its own calls by variables."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", *words], cwd=cwd, env=environment, capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize(("command", "code"), [("sleep 0.35", 0), ("false", 2)])
def test_a_part_of_the_installation_says_what_how_far_and_how_long(tmp_path, command, code):
    define = re.search(r"^define said\n.+?^endef\n", MAKEFILE, re.DOTALL | re.MULTILINE)[0]
    rule = f"{tmp_path}/made:\n\t@$(call said,it,{command})\n"
    (tmp_path / "Makefile").write_text(f"SHELL := /bin/bash\n{define.replace('sleep 20', 'sleep 0.1')}\n{rule}")
    begin = time.monotonic()
    done = make("-f", tmp_path / "Makefile")
    assert time.monotonic() - begin < 10, "nothing that goes on holds the output open"
    assert done.returncode == code
    first, *between, last = done.stdout.splitlines() if code == 0 else [*done.stdout.splitlines(), ""]
    assert first == "installing it"
    assert code or (re.fullmatch(r"  \d+ s, \S+ in \S+", between[0]) and re.fullmatch(r"  done in \d s", last))


def test_only_other_contents_install_again(tmp_path):
    for name in ("Makefile", "requirements.lock", "requirements-vllm.lock", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())

    def made() -> str:
        done = make("-n", "demo", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    ready = re.search(r"touch (\S+)", made())[1]
    (tmp_path / ready).parent.mkdir()
    (tmp_path / ready).touch()
    (tmp_path / "requirements.lock").touch()
    assert "pip install" not in made()
    with (tmp_path / "requirements.lock").open("a") as file:
        file.write("# another\n")
    assert "pip install" in made()
