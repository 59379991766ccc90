import json
import socket
from pathlib import Path

import pytest

from codekiln.errors import InputError, ModelError
from codekiln.inference.vllm import interpreter
from codekiln.stages.serving.client import ServerClient
from codekiln.stages.serving.environment import vllm_python
from codekiln.stages.serving.server import Serving, command, has_gpu, rank_for, running


def serving(**more) -> Serving:
    values = {"base": "tiny", "revision": None, "max_lora_rank": 16, "adapter": None, "adapter_name": ""}
    return Serving(**{**values, "middleware": "", "host": "127.0.0.1", "port": free_port(), **more})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def options(**more) -> dict[str, str]:
    line = command(Path("python"), serving(**more))
    return {each: line[place + 1] for place, each in enumerate(line[:-1]) if each.startswith("-")}


def test_the_base_is_served_as_the_model_table_and_the_training_have_it(monkeypatch):
    assert options()["--model"].endswith("codekiln/demo/base")
    found = options(base="qwen3-4b", revision="abc", adapter=Path("/a"), adapter_name="champion")
    assert found["--revision"] == "abc"
    assert "--chat-template" not in found
    assert options(template=Path("/t/chat_template.jinja"))["--chat-template"] == "/t/chat_template.jinja"
    assert found["--lora-modules"] == "champion=/a"
    for gpu, dtype in ((True, "bfloat16"), (False, "float32")):
        monkeypatch.setattr("codekiln.stages.serving.server.has_gpu", lambda gpu=gpu: gpu)
        assert options()["--dtype"] == dtype
    assert isinstance(has_gpu(), bool)


def test_an_option_of_its_own_cannot_be_given_again():
    for extra in (("--port", "1"), ("--middleware=x.Y",)):
        with pytest.raises(InputError, match="is set by codekiln itself"):
            options(extra=extra)


@pytest.mark.parametrize(("rank", "pattern", "wanted"), [(8, {}, 16), (17, {}, 32), (8, {"q_proj": 100}, 128)])
def test_the_rank_is_one_that_vllm_takes(tmp_path, rank, pattern, wanted):
    (tmp_path / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": rank, "rank_pattern": pattern}))
    assert rank_for(tmp_path) == wanted


def test_a_rank_that_vllm_has_not_is_said(tmp_path):
    (tmp_path / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 1024}))
    with pytest.raises(InputError, match="rank 1024 is above 512"):
        rank_for(tmp_path)
    assert rank_for(None) == 16


def test_a_server_that_ends_before_it_answers_shows_the_end_of_its_log(tmp_path):
    path = tmp_path / "python"
    path.write_text("#!/bin/sh\necho no such model\nexit 3\n")
    path.chmod(0o755)
    chosen = serving()
    with (
        running(path, chosen, {}, tmp_path / "log") as server,
        pytest.raises(ModelError, match="exit code 3.*\n.*no such model"),
    ):
        server.wait_ready(ServerClient(chosen.url, ""), print)


def test_a_port_that_is_taken_is_said(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        chosen = serving(port=taken.getsockname()[1])
        with pytest.raises(InputError, match="cannot listen there"), running(Path("x"), chosen, {}, tmp_path / "log"):
            pass


def test_without_vllm_the_fix_is_one_for_a_server(tmp_path, monkeypatch):
    monkeypatch.delenv(interpreter.VARIABLE, raising=False)
    monkeypatch.setattr(interpreter, "PLACES", (tmp_path / "python",))
    with pytest.raises(InputError, match="vLLM is not installed") as refused:
        vllm_python()
    assert refused.value.where == "codekiln serve"
    assert "make vllm" in refused.value.fix
    assert "transformers" not in refused.value.fix
    monkeypatch.setenv(interpreter.VARIABLE, "/none")
    with pytest.raises(InputError, match="CODEKILN_VLLM_PYTHON=/none"):
        vllm_python()


def test_the_server_gets_no_keys_and_passwords_but_its_own_and_the_hubs(tmp_path, monkeypatch):
    for name in ("CODEKILN_WEBHOOK_SECRET", "MLFLOW_TRACKING_TOKEN", "HF_TOKEN", "VLLM_API_KEY"):
        monkeypatch.setenv(name, "secret")
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nenv > {tmp_path / 'seen'}\n")
    python.chmod(0o755)
    with running(python, serving(), {"CODEKILN_SERVING": "/here"}, tmp_path / "log") as server:
        server.process.wait(20)
    seen = dict(line.split("=", 1) for line in (tmp_path / "seen").read_text().splitlines() if "=" in line)
    assert sorted(name for name, value in seen.items() if value == "secret") == ["HF_TOKEN", "VLLM_API_KEY"]
    assert seen["CODEKILN_SERVING"] == "/here"
