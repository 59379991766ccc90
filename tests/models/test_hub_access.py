import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from huggingface_hub.errors import GatedRepoError, LocalEntryNotFoundError, RepositoryNotFoundError

from codekiln import models
from codekiln.errors import InputError
from codekiln.models import BaseModelSpec
from codekiln.models.hub_access import check_access, read_error

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def hub():
    """A Hub with one open model, one gated model that only the token 'good' may read, and nothing else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            parts = self.path.split("?")[0].strip("/").split("/")
            name, rest = "/".join(parts[2:4]), parts[4:]
            headers = {}
            if name not in ("lab/open", "lab/gated"):
                status, headers = 404, {"X-Error-Code": "RepoNotFound"}
            elif rest == ["auth-check"]:
                refused = name == "lab/gated" and self.headers.get("authorization") != "Bearer good"
                status, headers = (403, {"X-Error-Code": "GatedRepo"}) if refused else (200, {})
            elif rest == ["revision", "main"]:
                status = 200
            else:
                status, headers = 404, {"X-Error-Code": "RevisionNotFound"}
            body = json.dumps({"id": name, "sha": COMMIT, "siblings": []}).encode()
            self.send_response(status)
            for key, value in {**headers, "content-type": "application/json", "content-length": len(body)}.items():
                self.send_header(key, str(value))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def asked(name: str, tmp_path, **environment: str) -> str:
    """The Hub's client reads its variables when it is imported, so each question is a process of its own."""
    code = (
        "import sys\nfrom codekiln.errors import InputError\nfrom codekiln.models import BaseModelSpec\n"
        "from codekiln.models.hub_access import check_access\n"
        "name, _, revision = sys.argv[1].partition('@')\n"
        "try:\n    print(check_access(BaseModelSpec(name=name, id=name, revision=revision or 'main')))\n"
        "except InputError as error:\n    print(error)\n"
    )
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING"))}
    done = subprocess.run(
        [sys.executable, "-c", code, name],
        capture_output=True,
        text=True,
        check=True,
        env={**clean, "HF_HOME": str(tmp_path), **environment},
    )
    return done.stdout


def test_a_models_revision_is_resolved_to_its_commit(hub, tmp_path):
    assert COMMIT in asked("lab/open", tmp_path, HF_ENDPOINT=hub)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lab/missing", "no model lab/missing"),
        ("lab/open@v9", "no revision 'v9'"),
        ("lab/gated", "lab/gated asks for an accepted licence, and no token is set"),
    ],
)
def test_what_stands_in_the_way_is_said_with_what_to_do(hub, tmp_path, name, message):
    found = asked(name, tmp_path, HF_ENDPOINT=hub)
    assert message in found
    assert "fix:" in found


def test_a_token_without_the_licence_is_told_from_none(hub, tmp_path):
    said = "the licence of lab/gated has not been accepted with this token"
    assert said in asked("lab/gated", tmp_path, HF_ENDPOINT=hub, HF_TOKEN="other")


def test_an_accepted_licence_opens_a_gated_model(hub, tmp_path):
    assert COMMIT in asked("lab/gated", tmp_path, HF_ENDPOINT=hub, HF_TOKEN="good")


def test_a_path_that_could_be_a_hub_id_is_told_to_be_no_folder(hub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = f"there is no folder {tmp_path / 'lab' / 'missing'} either"
    assert said not in asked("lab/missing", tmp_path, HF_ENDPOINT=hub)
    (tmp_path / "lab").mkdir()
    assert said in asked("lab/missing", tmp_path, HF_ENDPOINT=hub)
    assert said in asked("lab/missing", tmp_path, HF_ENDPOINT="http://127.0.0.1:9")


@pytest.mark.parametrize("environment", [{"HF_HUB_OFFLINE": "1"}, {"HF_ENDPOINT": "http://127.0.0.1:9"}])
def test_without_the_hub_a_copy_on_disk_will_do(tmp_path, environment):
    assert "no copy on disk" in asked("lab/open", tmp_path, **environment)
    repository = tmp_path / "hub" / "models--lab--open"
    (repository / "snapshots" / COMMIT).mkdir(parents=True)
    (repository / "snapshots" / COMMIT / "config.json").write_text("{}")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    assert "from the copy on disk" in asked("lab/open", tmp_path, **environment)


def test_a_folder_and_the_shipped_model_need_no_hub(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "qwen3"}')
    (tmp_path / "pytorch_model.bin").touch()
    assert check_access(models.get(str(tmp_path))) == f"folder {tmp_path}"
    assert check_access(models.get("tiny")) == "shipped with codekiln"


def test_the_cache_of_jobs_is_not_looked_for_here(tmp_path, monkeypatch):
    monkeypatch.setattr("codekiln.models.hub_access.constants.HF_HUB_OFFLINE", True)
    spec = models.BaseModelSpec(name="lab/open", id="lab/open", revision="v1")
    assert "jobs' cache has to have" in check_access(spec, by_job=True)
    with pytest.raises(InputError, match="no copy on disk"):
        check_access(spec)


def test_a_mirror_without_a_scheme_is_named(tmp_path):
    found = asked("lab/open", tmp_path, HF_ENDPOINT="hf-mirror.com")
    assert "HF_ENDPOINT: is no address" in found
    assert "fix: set it to https://hf-mirror.com" in found


@pytest.mark.parametrize(
    ("cause", "gated", "fix"),
    [
        (GatedRepoError, False, "accept its licence on the Hub and set HF_TOKEN"),
        (LocalEntryNotFoundError, True, "let this machine reach the Hub, or give the folder of a copy"),
        (RepositoryNotFoundError, True, "accept its licence on the Hub and set HF_TOKEN"),
        (RepositoryNotFoundError, False, "check its name and the network"),
    ],
)
def test_what_kept_transformers_from_a_model_decides_what_to_do(cause, gated, fix):
    error = OSError("We could not read it.")
    error.__cause__ = cause.__new__(cause)
    assert read_error(BaseModelSpec(name="lab/m", id="lab/m", gated=gated), error).fix == fix
