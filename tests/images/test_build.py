import subprocess
import sys
from pathlib import Path

import pytest

import build
import step

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "repository"
    (root / "codekiln").mkdir(parents=True)
    (root / "codekiln/__init__.py").write_text('"""Doc."""\n\n__version__ = "1.2.3"\n')
    author = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "init", "-q", root], check=True)
    subprocess.run(["git", "-C", root, "add", "-A"], check=True)
    subprocess.run(["git", "-C", root, *author, "commit", "-q", "-m", "first"], check=True)
    return root


def head(root):
    return build.git("rev-parse", "HEAD", root=root).decode().strip()


def test_tag_is_the_version_and_the_commit(repository):
    commit = head(repository)
    assert build.tag(commit, repository) == f"1.2.3-{commit[:7]}"


def test_context_holds_the_commit_and_nothing_that_is_not_committed(repository, tmp_path):
    (repository / "secret.txt").write_text("x")
    (repository / "codekiln/__init__.py").write_text("changed")
    build.context(head(repository), tmp_path / "context", repository)
    files = [path.relative_to(tmp_path / "context") for path in (tmp_path / "context").rglob("*") if path.is_file()]
    assert files == [Path("codekiln/__init__.py")]
    assert "1.2.3" in (tmp_path / "context/codekiln/__init__.py").read_text()


def test_engine_gets_file_tag_and_stamps(tmp_path):
    reference = "host/codekiln/cpu:1-abc"
    words = build.command("podman", "cpu", tmp_path, reference, build.arguments("cpu", "1-abc", "abcdef", reference))
    assert words[:4] == ["podman", "build", "--file", str(tmp_path / "images/cpu/Containerfile")]
    assert words[4:6] == ["--tag", reference]
    assert words[6:] == [
        *("--build-arg", "VERSION=1-abc", "--build-arg", "REVISION=abcdef"),
        *("--build-arg", "CODEKILN_IMAGE=host/codekiln/cpu:1-abc", str(tmp_path)),
    ]


def test_only_the_cpu_image_is_told_its_name():
    assert not [one for one in build.arguments("train", "1", "a", "x/train:1") if one.startswith("CODEKILN_IMAGE")]


def test_unknown_image_is_refused_with_the_known_ones(capsys):
    with pytest.raises(SystemExit):
        build.main(["gpu"])
    assert "no image gpu; there are cpu, train, serve" in capsys.readouterr().err


def test_missing_engine_is_said(monkeypatch):
    monkeypatch.setattr(build.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match="no container engine found"):
        build.find_engine(None)


def test_stamp_reaches_every_mention_of_the_image_in_the_pipelines(tmp_path):
    stamp = next(one for one in (ROOT / "images/cpu/Containerfile").read_text().splitlines() if "sed -i" in one)
    command = stamp.removeprefix("RUN ").removesuffix("\\").strip()
    folder = tmp_path / "pipelines/compiled"
    folder.mkdir(parents=True)
    for path in (ROOT / "pipelines/compiled").glob("*.yaml"):
        (folder / path.name).write_bytes(path.read_bytes())
    name = "registry.example:5000/team/codekiln/cpu:9.9.9-abcdef0"
    subprocess.run(
        ["sh", "-ec", command], cwd=tmp_path, env={"CODEKILN_IMAGE": name, "PATH": "/usr/bin:/bin"}, check=True
    )
    for path in folder.glob("*.yaml"):
        text = path.read_text()
        assert name in text
        assert "codekiln/cpu:" not in text.replace(name, "")


def test_step_input_names_every_output(tmp_path):
    component = {
        "inputDefinitions": {"parameters": {"profile": {}, "pool": {}}},
        "outputDefinitions": {
            "artifacts": {"run": {"artifactType": {"schemaTitle": "system.Dataset"}}},
            "parameters": {"n": {}},
        },
    }
    sent = step.executor_input(component, tmp_path)
    assert sent["inputs"]["parameterValues"] == {"profile": "laptop", "pool": ""}
    assert sent["outputs"]["artifacts"]["run"]["artifacts"][0]["uri"] == f"{tmp_path}/run"
    assert sent["outputs"]["parameters"] == {"n": {"outputFile": f"{tmp_path}/parameter-n"}}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cpu", "train", "serve"])
def test_install_steps_work_in_a_clean_environment(name):
    done = subprocess.run([sys.executable, ROOT / "images/prove.py", name], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
