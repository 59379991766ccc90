"""What is made of the errors of chat servers and of what stands before them, by the real client."""

import ssl
import threading

import httpx2
import openai
import pytest

from codekiln.errors import InputError, ModelError
from codekiln.inference import chat_errors
from tests.inference.test_endpoint import (
    generator,  # noqa: F401  a fixture
    server,  # noqa: F401  a fixture
)
from tests.inference.test_servers import is_about, texts
from tests.launch.fake_status_server import _certificate


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
