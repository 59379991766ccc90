import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from codekiln.cli import main
from codekiln.inference.vllm import interpreter
from codekiln.stages.promotion.signed_version import Unverified
from codekiln.stages.serving.run import Request, _based
from tests.stages.promotion.conftest import write_key
from tests.stages.serving import fake_vllm
from tests.stages.serving.conftest import NAME, adapter, program
from tests.stages.serving.served_process import all_gone, serving

# They share a registry that takes seconds to make.
pytestmark = pytest.mark.xdist_group("serving")

SOON = 60.0


@pytest.fixture
def fake_python(tmp_path: Path) -> dict[str, str]:
    """The environment in which vLLM's server is a fake one, with a child of its own as vLLM has an engine."""
    path = tmp_path / "python"
    root = Path(fake_vllm.__file__).parents[3]
    path.write_text(
        "#!/bin/sh\nshift 2\nsleep 300 &\n"
        f'PYTHONPATH="$PYTHONPATH:{root}" exec {sys.executable} {fake_vllm.__file__} "$@"\n'
    )
    path.chmod(0o755)
    return {interpreter.VARIABLE: str(path)}


def test_it_serves_the_champion_follows_it_and_ends_with_all_that_it_started(registry, tmp_path, fake_python):
    registry.promote(registry.named(f"{NAME}/1"), "decision")
    folder = tmp_path / "serving"
    arguments = [
        NAME,
        "--follow",
        "--interval=0.1",
        f"--tracking-uri={registry.uri}",
        f"--folder={folder}",
        "--",
        "--seed=7",
    ]
    with serving(arguments, fake_python, tmp_path / "output") as served:
        assert '"model": "champion"' in served.wait_for("curl ", SOON)
        assert served.answer() == (f"{NAME}-v1", program(1))
        log = (folder / "vllm.log").read_text()
        for option in ("--max-lora-rank 16", "--served-model-name tiny", "--host 127.0.0.1", "--seed=7"):
            assert option in log
        assert (folder / "token").read_text() not in log + "".join(served.lines)
        registry.promote(registry.named(f"{NAME}/2"), "decision")
        served.wait_for(f"{NAME}-v2 now", SOON)
        assert served.answer() == (f"{NAME}-v2", program(2))
        processes = served.below()
        assert len(processes) == 2
        assert served.end() == 128 + signal.SIGTERM
        assert all_gone(processes)


@pytest.mark.slow
def test_an_adapters_folder_is_served_and_a_killed_command_leaves_no_server(tmp_path, fake_python):
    with serving([str(adapter(tmp_path / "mine", program(5)))], fake_python, tmp_path / "output") as served:
        served.wait_for("curl ", SOON)
        assert served.answer("mine") == ("mine", program(5))
        server = {each for each in served.below() if "fake_vllm" in " ".join(each.cmdline())}
        assert len(server) == 1
        rest = served.below() - server
        served.end(signal.SIGKILL)
        assert all_gone(server)
        for each in rest:
            each.kill()


@pytest.mark.parametrize(
    ("arguments", "variable", "says"),
    [
        (["m"], "/no/python", "is no program that can be run"),
        (["m", "--smoke=/no/file"], "", "no such file"),
        (["m", "--follow", "--tracking-uri=sqlite:////no.db"], sys.executable, "there is no such database"),
        (["m", "--server=http://127.0.0.1:1"], sys.executable, "--folder: is needed with --server"),
        (["m/1", "--follow", "--tracking-uri=http://m"], sys.executable, "is no NAME[@ALIAS] that can be followed"),
        (["m", "--follow", "--base-model=tiny", "--served-name=tiny"], sys.executable, "is the name of the base"),
        (["tiny/", "--", "--port=1"], sys.executable, "no registered model"),
    ],
)
def test_what_cannot_be_served_is_said(arguments, variable, says, monkeypatch, tmp_path, uri):
    monkeypatch.setenv(interpreter.VARIABLE, variable)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["serve", *arguments])
    assert (done.exit_code, says in done.stderr) == (2, True), done.output


def test_with_a_key_nobody_else_says_which_base_is_served(registry, tmp_path):
    """A version that nobody signed would bring a base of its own under every version that somebody did."""
    _, public = write_key(tmp_path)
    asked = Request(NAME, "", registry.uri, "", "127.0.0.1", 0, public_key=public)
    with pytest.raises(Unverified, match="cannot be verified"), _based(registry, NAME, "champion", asked):
        pass
    with _based(registry, NAME, "champion", replace(asked, base="tiny")) as (base, _, _):
        assert base == "tiny"
