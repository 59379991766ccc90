"""Paths that cannot be what a command needs: one line that says what, where and the fix, and never a traceback."""

import json
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from codekiln.cli import main
from codekiln.stages.step import _guarded
from tests.running import SMALL, codekiln

PROBLEM = {"task_id": "t/0", "prompt": "Return x plus 1.", "entry_point": "f", "tests": ["assert f(1) == 2"]}
SAMPLE = {"task_id": "t/0", "solution": "def f(x):\n    return x + 1\n"}
READ = (
    "grade --problems {} --samples good.jsonl --output out",
    "grade --problems good.jsonl --samples {} --output out",
    "score {}",
    "validate {}",
    "validate good.jsonl --against {}",
    "compare {}",
    "compare a={} b=samples.jsonl --problems good.jsonl --output out",
    "generate --problems {} --output out",
    "generate hi --model m@champion --tracking-uri sqlite:///{}",
    "export {} --output out",
    "export m@champion --output out --tracking-uri sqlite:///{}",
    "exercise --program {} --description d --logical 1",
    "harden --problems {} --output out",
    "ledger {}",
    "ledger models:/m --tracking-uri sqlite:///{}",
    "plan --profile {}",
    "plan --gpu H100:1 --base-model {}",
    "check --profile {} --output out",
    "run {} --workdir out",
    "stage filter --run {} --output out",
    "promote m --tracking-uri sqlite:///{} --yes",
    "verify m@champion --tracking-uri sqlite:///{}",
    "serve m@champion --tracking-uri sqlite:///{}",
    "serve m --follow --smoke {}",
    "serve m --follow --public-key {}",
    "submit data --host http://127.0.0.1:1 --token-file {}",
)
WRITE = (
    "grade --problems good.jsonl --samples samples.jsonl --output {}",
    "compare a=samples.jsonl b=samples.jsonl --problems good.jsonl --output {}",
    "harden --problems good.jsonl --output {}",
    "run data --workdir {}",
    "judge x --workdir {}",
)
TO_READ = (
    "absent/x", "file/x", "loop", "broken", "broken/x", "binary", "closed/x", "n" * 300, "/".join(["p" * 200] * 25),
    "/proc/x", "folder", "/dev/zero", "",
)  # fmt: skip
TO_WRITE = ("file/x", "closed/x", "n" * 300, "/".join(["p" * 200] * 25), "/proc/x", "/sys/x", "broken/x")


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    folder = tmp_path_factory.mktemp("paths")
    (folder / "good.jsonl").write_text(json.dumps(PROBLEM) + "\n")
    (folder / "samples.jsonl").write_text(json.dumps(SAMPLE) + "\n")
    (folder / "file").write_text("x")
    (folder / "binary").write_bytes(bytes(range(256)))
    (folder / "folder").mkdir()
    (folder / "closed").mkdir(mode=0)
    (folder / "loop").symlink_to("loop")
    (folder / "broken").symlink_to("/proc/nowhere")
    return folder


@pytest.fixture
def as_somebody():
    """Another user than root, who may read and write everything."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


def invoke(command, path, folder, monkeypatch):
    monkeypatch.chdir(folder)
    for name in ("MLFLOW_TRACKING_URI", "CODEKILN_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return CliRunner().invoke(main, [word.replace("{}", str(folder / path)) for word in command.split()])


def told(done):
    assert isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code in (1, 2), done.output
    lines = [line for line in done.output.splitlines() if line]
    assert len(lines) <= 25
    return "fix:" in done.output or "Usage:" in done.output


@pytest.mark.parametrize("command", READ)
def test_what_cannot_be_read_is_one_line_with_a_fix(command, here, monkeypatch):
    for path in TO_READ:
        # The file of one byte that `validate` finds not sound is judged, not refused.
        assert told(invoke(command, path, here, monkeypatch)) or command.startswith("validate"), path


@pytest.mark.parametrize("command", WRITE)
def test_what_cannot_be_written_is_one_line_with_a_fix(command, here, monkeypatch):
    for path in (each for each in TO_WRITE if not each.startswith("closed") or os.geteuid()):
        done = invoke(command, path, here, monkeypatch)
        assert told(done), path


@pytest.mark.parametrize("command", ["score {}", "validate {}", "grade --problems {} --samples x --output out/o"])
def test_what_another_user_has_is_one_line_with_a_fix(command, tmp_path, monkeypatch, as_somebody):
    # pytest keeps its folders from other users.
    assert told(invoke(command, str(tmp_path / "x"), Path("/"), monkeypatch))


def test_a_fault_of_the_program_keeps_its_traceback(monkeypatch, here):
    def broken(*_):
        raise OSError("no number")

    monkeypatch.setattr("codekiln.code.metrics.score_all", broken)
    done = invoke("score {}", "file", here, monkeypatch)
    assert isinstance(done.exception, OSError)


def test_a_step_tells_it_in_one_line_too(tmp_path, capsys):
    def perform():
        (tmp_path / "absent" / "x").write_text("x")

    with pytest.raises(SystemExit) as ended:
        _guarded("filter", "filter", tmp_path, tmp_path, perform)
    assert ended.value.code == 2
    shown = capsys.readouterr().err
    assert f"error in filter: {tmp_path}/absent/x: no such file or folder\n" in shown
    assert "fix: check the path" in shown
    assert "Traceback" not in shown


@pytest.mark.slow
def test_a_run_and_what_it_promotes_are_used_in_an_odd_folder(tmp_path):
    folder = tmp_path / "a b%20c#d?é'q"
    folder.mkdir()
    settings = [*SMALL, "problems.train=16"]
    done = codekiln("run", "instruct", "--workdir", "run %41#1", settings=settings, cwd=folder)
    assert done.returncode in (0, 4), done.stdout + done.stderr
    run = folder / "run %41#1"
    assert {path.name for path in folder.iterdir()} == {"run %41#1"}
    assert (run / "mlflow.db").is_file()
    assert list(run.glob("mlartifacts/models/*/artifacts/adapter_model.safetensors"))
    uri = re.search(r"--backend-store-uri '(.*)'", done.stdout)[1]
    words = ("generate", "Define f(x).", "--model", "models:/codekiln-tiny/1", "--tracking-uri", uri)
    again = codekiln(*words, settings=[], cwd=folder)
    assert again.returncode == 0, again.stderr
    assert again.stdout.strip()
