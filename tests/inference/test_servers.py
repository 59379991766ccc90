"""What chat servers answer besides the reference's form, as each of them does, by the real client."""

import json
import ssl
import sys
import threading

import httpx2
import openai
import pytest

from codekiln.data.records import Message
from codekiln.errors import InputError, ModelError
from codekiln.inference import Sampling, chat_errors
from tests.inference.test_endpoint import (
    asking,
    completion,
    ended,
    generator,  # noqa: F401  a fixture
    server,  # noqa: F401  a fixture
)
from tests.launch.fake_status_server import _certificate

CHUNKS = ({"role": "assistant", "content": "x ="}, {"content": " 1"})
STREAM = "".join(f"data: {json.dumps({'choices': [{'delta': delta}]})}\n\n" for delta in CHUNKS) + "data: [DONE]\n\n"


def texts(made, count=1):
    return [text for (text,) in made.generate(asking(count), Sampling(n=1))]


def is_about(handler, prompt):
    return handler.server.bodies[-1]["messages"][-1]["content"] == prompt


@pytest.mark.parametrize(
    ("status", "answer", "count"),
    [
        (424, {"error": "Request failed during generation: CUDA out of memory"}, "failed"),
        (500, {"error": {"message": "Internal server error"}}, "failed"),
        (200, {"choices": [], "usage": {"prompt_tokens": 19}}, "failed"),
        (403, {"error": {"code": 403, "message": "Input was flagged"}}, "refused"),
        (451, {"error": {"message": "not here"}}, "refused"),
    ],
)
def test_one_prompt_that_fails_each_time_is_counted_and_the_others_go_on(server, generator, status, answer, count):  # noqa: F811
    server.script = lambda number, handler: handler.reply(status, answer) if is_about(handler, "p1") else None
    made = generator(concurrency=1, retries=1)
    assert texts(made, 3) == ["p0/0", "", "p2/0"]
    assert getattr(made.usage(), count) == 1


def test_prompts_that_fail_in_a_row_stop_the_run(server, generator):  # noqa: F811
    server.script = lambda number, handler: handler.reply(500, {"error": {"message": "down"}}) if number > 1 else None
    with pytest.raises(ModelError, match="HTTP 500: down"):
        texts(generator(concurrency=1, retries=0), 50)


@pytest.mark.parametrize("reason", ["insufficient_system_resource", "abort", "cancelled"])
def test_an_answer_that_the_server_broke_off_is_asked_for_again(server, generator, reason):  # noqa: F811
    half = ended(reason, content="def f(")
    server.script = lambda number, handler: handler.reply(200, half) if number == 1 else None
    assert texts(generator()) == ["p0/0"]


@pytest.mark.parametrize(
    ("reason", "count"),
    [("MAX_TOKENS", "cut_off"), ("model_length", "cut_off"), ("SAFETY", "filtered"), ("sensitive", "filtered")],
)
def test_reasons_by_the_names_of_other_apis(server, generator, reason, count):  # noqa: F811
    server.script = lambda number, handler: handler.reply(200, ended(reason, content="x"))
    made = generator()
    assert texts(made) == ["x"]
    assert getattr(made.usage(), count) == 1


def test_an_answer_that_the_server_takes_for_a_thought_is_said_once(server, generator, caplog):  # noqa: F811
    server.script = lambda number, handler: handler.reply(200, ended("stop", content=None, reasoning="x = 1"))
    made = generator(concurrency=1)
    assert texts(made, 2) == ["", ""]
    assert (made.usage().only_thought, caplog.text.count("reasoning parser")) == (2, 1)


@pytest.mark.parametrize(
    "body", [STREAM, "\n\n" + json.dumps(completion("x = 1")), "\ufeff" + json.dumps(completion("x = 1"))]
)
def test_forms_of_bodies(server, generator, body):  # noqa: F811
    server.script = lambda number, handler: handler.reply(200, body)
    assert texts(generator()) == ["x = 1"]


OLLAMA = [
    {"message": {"content": "x ="}, "done": False},
    {"message": {"content": " 1"}, "done": True, "done_reason": "stop", "prompt_eval_count": 3, "eval_count": 2},
]
ANTHROPIC = {
    "type": "message",
    "content": [{"type": "text", "text": "x = 1"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 3, "output_tokens": 2},
}


@pytest.mark.parametrize("body", [ANTHROPIC, "".join(json.dumps(piece) + "\n" for piece in OLLAMA)])
def test_answers_of_other_interfaces(server, generator, body):  # noqa: F811
    server.script = lambda number, handler: handler.reply(200, body)
    made = generator()
    assert texts(made) == ["x = 1"]
    assert (made.usage().completion_tokens, made.usage().uncounted) == (2, 0)


def test_a_stream_of_lines_that_breaks_off_is_asked_for_again(server, generator):  # noqa: F811
    half = (json.dumps(OLLAMA[0]) + "\n") * 2
    server.script = lambda number, handler: handler.reply(200, half) if number == 1 else None
    assert texts(generator()) == ["p0/0"]


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "ftp://127.0.0.1:9"])
def test_a_proxy_that_cannot_be_used_is_one_line(generator, monkeypatch, proxy):  # noqa: F811
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(InputError, match=r"(?s)ALL_PROXY.*the proxy cannot be used: .*fix: give an http:// proxy"):
        generator()


def test_what_the_server_refuses_for_its_form_is_an_answer_all_the_same(server, generator):  # noqa: F811
    refused = {"error": {"message": "Failed to generate JSON.", "failed_generation": '{"imp'}}
    server.script = lambda number, handler: handler.reply(400, refused)
    assert texts(generator()) == ['{"imp']


def test_the_text_of_a_server_of_plain_completions(server, generator):  # noqa: F811
    server.script = lambda number, handler: handler.reply(200, {"choices": [{"text": "x = 1"}]})
    assert texts(generator()) == ["x = 1"]


@pytest.mark.parametrize(
    "end",
    ["", "data: " + json.dumps({"error": {"code": 502, "message": "disconnected"}}) + "\n\ndata: [DONE]\n\n"],
    ids=["cut off", "an error"],
)
def test_a_stream_that_breaks_off_is_asked_for_again(server, generator, end):  # noqa: F811
    half = STREAM.partition("data: [DONE]")[0] + end
    server.script = lambda number, handler: handler.reply(200, half) if number == 1 else None
    assert texts(generator()) == ["p0/0"]


@pytest.mark.parametrize("content", [{"programs": ["é"]}, {"type": "text", "text": '{"programs": ["é"]}'}])
def test_a_content_that_is_an_object_is_its_text(server, generator, content):  # noqa: F811
    server.script = lambda number, handler: handler.reply(200, completion(content))
    assert texts(generator()) == ['{"programs": ["é"]}']


@pytest.mark.parametrize(
    ("status", "fix"), [(301, "give the address it leads to: {}/v2"), (405, "check the address: it usually ends")]
)
def test_an_address_that_takes_no_requests_is_to_blame(server, generator, monkeypatch, status, fix):  # noqa: F811
    there = server.url.removesuffix("/v1")
    monkeypatch.setattr(server.RequestHandlerClass, "do_GET", lambda handler: handler.reply(405, "Not Allowed"))
    server.script = lambda number, handler: handler.reply(status, "", location=f"{there}/v2/chat/completions")
    with pytest.raises(InputError, match="takes no requests: HTTP 405") as raised:
        texts(generator())
    assert raised.value.fix.startswith(fix.format(there))


@pytest.mark.parametrize(
    ("status", "answer", "what", "fix"),
    [
        (402, {"error": {"message": "Insufficient Balance"}}, "the account has no credit left", "add credit"),
        (400, {"error": {"message": "Your credit balance is too low to access"}}, "no credit left", "add credit"),
        (429, {"error": {"type": "exceeded_current_quota_error"}}, "no credit left", "add credit"),
        (403, {"message": "Sorry, your account balance is insufficient"}, "no credit left", "add credit"),
        (400, {"error": {"code": "Arrearage"}}, "no credit left", "add credit"),
        (403, {"error": {"message": "no access"}}, "the server refuses the key", "put the key into"),
        (400, [{"error": {"message": "API key not valid."}}], "refuses the key: HTTP 400: API key", "put the key into"),
        (404, {"error": {"message": "No endpoints found"}}, "No endpoints found", "the server knows the model"),
    ],
)
def test_what_is_to_blame_is_named(server, generator, status, answer, what, fix):  # noqa: F811
    server.script = lambda number, handler: handler.reply(status, answer)
    with pytest.raises(InputError, match=what) as raised:
        texts(generator())
    assert raised.value.fix.startswith(fix) or fix in raised.value.fix


@pytest.mark.parametrize(
    ("listed", "model", "fix"),
    [
        ({"data": [{"id": "kiln:latest"}]}, "kiln", ""),
        ([{"id": "kiln"}], "kiln", ""),
        ([{"id": "kiln"}], "klin", "did you mean 'kiln'?"),
        ({"models": [{"name": "kiln"}]}, "klin", "did you mean 'kiln'?"),
        ({"data": [{"id": "models/kiln"}]}, "kiln", ""),
        ({"data": [{"id": "models/kiln"}]}, "models/kiln", ""),
        ([{"id": "azureml://registries/lab/models/kiln/versions/1", "name": "kiln"}], "kiln", ""),
        ({"data": [{"id": "lab/kiln"}]}, "lab/kiln:together", ""),
        ({"data": [{"id": "kiln:latest"}]}, "kiln:7b", "did you mean"),
        ({"data": [{"id": "accounts/lab/models/kiln"}]}, "kiln", "there are: accounts/lab/models/kiln"),
        ({"object": "list"}, "kiln", ""),
        ({"error": "Unexpected endpoint or method. (GET /models)"}, "kiln", "check the address"),
        ("<!doctype html><title>Chat</title>", "kiln", "check the address"),
    ],
)
def test_forms_of_the_list_of_models(server, generator, monkeypatch, listed, model, fix):  # noqa: F811
    monkeypatch.setattr(server.RequestHandlerClass, "do_GET", lambda handler: handler.reply(200, listed))
    try:
        generator(model=model).check()
        found = ""
    except InputError as error:
        found = error.fix
    assert found.startswith(fix)
    assert bool(found) == bool(fix)


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("/v1/chat/completions", "/v1/chat/completions"),
        ("/deployments/m?api-version=2024-06-01", "/deployments/m/chat/completions?api-version=2024-06-01"),
    ],
)
def test_addresses_as_people_copy_them(server, generator, monkeypatch, written, asked):  # noqa: F811
    monkeypatch.setenv("CODEKILN_API_KEY", "secret")
    paths = []
    server.script = lambda number, handler: paths.append(handler.path)
    made = generator(url=server.url.removesuffix("/v1") + written)
    list(made.generate([(Message(role="user", content="p"),)], Sampling(n=1)))
    assert paths == [asked]
    assert ("api-key" in server.headers[0]) == ("?" in asked)


def test_an_answer_that_is_slow_is_no_server_that_is_down(server, generator):  # noqa: F811
    """One prompt of many is left out; where all are, the settings are named."""
    waits = threading.Event()
    server.script = lambda number, handler: waits.wait(9) if is_about(handler, "p1") else None
    made = generator(concurrency=1, retries=0, timeout_seconds=0.2)
    assert texts(made, 3) == ["p0/0", "", "p2/0"]
    assert made.usage().failed == 1
    waits.set()
    server.script = lambda number, handler: handler.reply(504, "<title>504 Gateway Time-out</title>")
    with pytest.raises(ModelError, match="raise timeout_seconds, or lower concurrency or sampling.max_new_tokens"):
        texts(generator(retries=0, model="other"))


def test_a_limit_that_stays_reached_is_no_server_that_is_down(server, generator):  # noqa: F811
    server.script = lambda number, handler: handler.reply(429, {"error": {"message": "Rate limit reached"}})
    with pytest.raises(ModelError, match=r"Rate limit reached\)\n  fix: lower concurrency, or wait until"):
        texts(generator(retries=0))


RETRY_INFO = '[{"error": {"details": [{"@type": "google.rpc.RetryInfo", "retryDelay": "34.07s"}]}}]'


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"retry-after": "20"}, "", 20),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, "", 0),
        ({"retry-after": "soon"}, "", 0),
        ({"retry-after-ms": "1500"}, "", 1.5),
        ({}, RETRY_INFO, 34.07),
        ({"retry-after": "60"}, RETRY_INFO, 60),
        ({}, "Rate limit reached: Limit 30000, Used 29000. Please try again in 7m12.5s. Visit", 432.5),
        ({}, "Please try again in 230ms.", 0.23),
        ({}, "Please retry after 26 seconds.", 26),
        ({}, "Try again in 1 hour 2 minutes", 3720),
        ({}, "Please try again in a moment.", 0),
        ({}, "Please try again in 5 messages", 0),
    ],
)
def test_how_long_a_server_asks_to_wait(headers, body, seconds):
    request = httpx2.Request("POST", "http://127.0.0.1/v1")
    response = httpx2.Response(429, headers=headers, text=body, request=request)
    assert chat_errors.asked_seconds(openai.RateLimitError("busy", response=response, body=None)) == seconds


def test_a_certificate_of_an_unknown_authority_is_named_at_once(server, generator, monkeypatch, tmp_path):  # noqa: F811
    certificate, key = _certificate()
    (tmp_path / "ca.pem").write_bytes(certificate)
    (tmp_path / "key.pem").write_bytes(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ca.pem", tmp_path / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    url = server.url.replace("http:", "https:")
    made = generator(url=url)
    for ask in (made.check, lambda: texts(made)):
        with pytest.raises(InputError, match="certificate is not trusted: certificate verify failed") as raised:
            ask()
        assert "into the environment variable SSL_CERT_FILE" in raised.value.fix
    assert made.usage().retries == 0
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    assert texts(generator(url=url)) == ["p0/0"]


def test_who_is_forbidden_with_a_key_learns_more_than_that_of_the_key(server, generator, monkeypatch):  # noqa: F811
    monkeypatch.setenv("CODEKILN_API_KEY", "secret")
    said = {"error": {"code": "unsupported_country_region_territory", "message": "Country not supported"}}
    server.script = lambda number, handler: handler.reply(403, said)
    monkeypatch.setattr(server.RequestHandlerClass, "do_GET", lambda handler: handler.reply(403, said))
    for ask in (generator().check, lambda: texts(generator())):
        with pytest.raises(InputError, match="forbids the request: HTTP 403: Country not supported\n  fix: see"):
            ask()


def test_a_key_for_completions_alone_lists_no_models(server, generator, monkeypatch):  # noqa: F811
    monkeypatch.setenv("CODEKILN_API_KEY", "secret")
    said = {"error": {"message": "You have insufficient permissions. Missing scopes: api.model.read."}}
    monkeypatch.setattr(server.RequestHandlerClass, "do_GET", lambda handler: handler.reply(403, said))
    generator().check()
    assert texts(generator()) == ["p0/0"]


def test_a_proxy_between_is_named_where_nothing_answers(server, generator, monkeypatch):  # noqa: F811
    """The proxy has no way to a machine that is near; curl and Python send it such requests all the same."""
    monkeypatch.setenv("HTTP_PROXY", server.url.removesuffix("/v1"))
    server.script = lambda number, handler: handler.reply(503, "<title>ERR_CONNECT_FAIL</title>")
    proxied = "name gpu1 in NO_PROXY: requests go through the proxy of the environment, and give the same command"
    with pytest.raises(ModelError, match=f"HTTP 503: <title>ERR_CONNECT_FAIL.*\n  fix: .*, or {proxied}"):
        texts(generator(url="http://gpu1:8000/v1", retries=0))
    monkeypatch.setenv("NO_PROXY", "gpu1")
    with pytest.raises(ModelError) as raised:
        texts(generator(url="http://gpu1:8000/v1", retries=0))
    assert "NO_PROXY" not in raised.value.fix
