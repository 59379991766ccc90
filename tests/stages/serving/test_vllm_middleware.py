import ast
import asyncio
import json
import socket
import sys
from pathlib import Path

import httpx2
import pytest

from codekiln.stages.serving import vllm_middleware
from codekiln.stages.serving.client import Refused, ServerClient
from tests.stages.serving.conftest import PUBLIC, program

# They share a registry that takes seconds to make.
pytestmark = pytest.mark.xdist_group("serving")

MESSAGES = [{"role": "user", "content": "Write f()."}]


@pytest.fixture
def pointed(served):
    served.vllm.adapters["m-v1"] = ("/m", program(1))
    served.folder.point(PUBLIC, "m-v1")
    return served


def post(served, body, path="/v1/chat/completions", **headers):
    content = body if isinstance(body, bytes) else json.dumps(body)
    given = {"Content-Type": "application/json"} | {key.replace("_", "-"): value for key, value in headers.items()}
    return httpx2.post(served.url + path, content=content, headers=given, trust_env=False)


def test_the_file_needs_nothing_but_the_standard_library():
    tree = ast.parse(Path(vllm_middleware.__file__).read_text())
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


def test_the_public_name_is_listed_beside_the_models_as_long_as_its_model_is_loaded(pointed):
    listed = httpx2.get(f"{pointed.url}/v1/models", trust_env=False).json()["data"]
    assert {each["id"]: each["root"] for each in listed} == {"tiny": "/base", "m-v1": "/m", PUBLIC: "/m"}
    pointed.vllm.adapters.clear()
    assert set(pointed.server.models()) == {"tiny"}


def test_adapters_are_the_followers_alone(pointed):
    for path in ("/v1/load_lora_adapter", "/v1/unload_lora_adapter", "/adapters", "/adapters/m-v1", "/codekiln/names"):
        for headers in ({}, {"x_codekiln_token": ""}, {"x_codekiln_token": "wrong"}):
            answer = post(pointed, {"lora_name": "m-v1", "lora_path": "/etc"}, path, **headers)
            assert answer.status_code == 403, path
    assert pointed.server.names() == {PUBLIC: "m-v1"}
    assert "m-v1" in pointed.vllm.adapters


def test_without_a_token_nobody_is_the_follower(pointed):
    (pointed.folder.path / "token").write_text("")
    with pytest.raises(Refused, match="403"):
        ServerClient(pointed.url, "").names()
    (pointed.folder.path / "token").unlink()
    with pytest.raises(Refused, match="403"):
        pointed.server.names()


def test_the_token_is_for_nobody_else_to_read(served):
    assert (served.folder.path / "token").stat().st_mode & 0o777 == 0o600
    assert served.folder.token() == served.folder.token()


def test_what_does_not_name_it_arrives_as_it_was_sent(pointed, monkeypatch):
    seen = []
    monkeypatch.setattr(pointed.vllm, "_answer", lambda method, path, sent: _keep(seen, sent))
    bodies = [
        b'{"model":  "tiny", "messages": [{"role": "user", "content": "Write f()."}]}',
        b'{"model": "champion"',
        b'["champion"]',
        b'{"model": ["champion"]}',
        b"\xff\xfe",
        b"[" * 100_000,
    ]
    for body in bodies:
        post(pointed, body)
    assert seen == bodies


async def _keep(seen, sent):
    seen.append(sent)
    return 200, {}


def test_a_body_in_parts_and_other_fields_arrive_whole(pointed):
    content = {"model": PUBLIC, "messages": MESSAGES, "temperature": 0.7, "seed": 2**70, "user": "é😀"}
    text = json.dumps(content).encode()
    parts = (text[i : i + 7] for i in range(0, len(text), 7))
    answer = httpx2.post(
        f"{pointed.url}/v1/chat/completions",
        content=parts,
        headers={"Content-Type": "application/json; charset=utf-8"},
        trust_env=False,
    )
    assert answer.json()["model"] == "m-v1"
    assert json.loads(pointed.vllm.requests[0]) == content | {"model": "m-v1"}


def test_the_type_of_a_body_is_read_in_any_case_as_vllm_does(pointed):
    answer = post(pointed, {"model": PUBLIC, "messages": MESSAGES}, Content_Type="Application/JSON")
    assert answer.json()["model"] == "m-v1"


def test_nothing_of_a_body_is_read_for_an_application_that_refuses_without_it(pointed):
    """vLLM looks at the key first; a body without end would fill the memory of whoever reads it before."""

    async def refuse(scope, receive, send):
        await send({"type": "http.response.start", "status": 401, "headers": []})

    async def receive():
        raise AssertionError("it was read")

    async def send(message):
        sent.append(message["status"])

    sent = []
    headers = [(b"content-type", b"application/json"), (b"transfer-encoding", b"chunked")]
    scope = {"type": "http", "method": "POST", "path": "/v1/completions", "headers": headers}
    asyncio.run(vllm_middleware.PublicNames(refuse)(scope, receive, send))
    assert sent == [401]


def test_of_several_names_the_last_counts_as_for_vllm_and_in_every_encoding(pointed):
    text = '{"model": "tiny", "messages": [{"role": "user", "content": "x"}], "model": "champion"}'
    for encoding in ("utf-8", "utf-16"):
        assert post(pointed, text.encode(encoding)).json()["model"] == "m-v1"


def test_adapters_are_closed_however_their_path_is_written(pointed):
    host = httpx2.URL(pointed.url)
    for path in ("/v1/%6coad_lora_adapter", "//v1/load_lora_adapter/", "/v1/./load_lora_adapter", "/x/../%61dapters"):
        with socket.create_connection((host.host, host.port)) as connection:
            connection.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
            assert connection.recv(100).startswith(b"HTTP/1.1 403"), path


def test_without_names_nothing_is_changed(served):
    assert post(served, {"model": PUBLIC, "messages": MESSAGES}).status_code == 404
    assert post(served, {"model": "tiny", "messages": MESSAGES}).json()["model"] == "tiny"
