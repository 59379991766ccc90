"""What chat servers answer besides the reference's form, as each of them does, by the real client."""

import json
import sys

import pytest

from codekiln.data.records import Message
from codekiln.data.replies import extract_code
from codekiln.errors import InputError, ModelError
from codekiln.inference import Sampling
from tests.inference.test_endpoint import (
    asking,
    completion,
    ended,
    generator,  # noqa: F401  a fixture
    server,  # noqa: F401  a fixture
)

OVER_THE_RATE = (
    "Request too large for model `llama-3.1-8b-instant` in organization `o` on tokens per minute (TPM): Limit 6000, "
    "Requested 6294, please reduce your message size and try again."
)
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


def test_a_program_that_is_given_to_a_tool_is_the_answer(server, generator):  # noqa: F811
    program = "def f(x):\n    return x + 1"
    call = {"id": "1", "type": "function", "function": {"name": "python", "arguments": json.dumps({"code": program})}}
    called = ended("tool_calls", content=None, tool_calls=[call])
    server.script = lambda number, handler: handler.reply(200, called)
    (text,) = texts(generator())
    assert extract_code(text, "f") == program


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
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(InputError, match=r"(?s)ALL_PROXY.*the proxy cannot be used: .*fix: give an http:// proxy"):
        generator()


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "socks://127.0.0.1:9/"])
def test_a_server_in_no_proxy_is_reached_past_a_proxy_that_cannot_be_used(server, generator, monkeypatch, proxy):  # noqa: F811
    """The client refuses such a proxy when it is made, also where no request would go through it."""
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", proxy)
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    assert texts(generator()) == ["p0/0"]


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
        (400, {"error": {"message": "'temperature' does not support 0.8"}}, "not support", 'omit = ["temperature"]'),
        (400, {"message": "`temperature` and `top_p` cannot both be specified"}, "cannot both", 'omit = ["top_p"]'),
        (413, {"error": {"message": OVER_THE_RATE}}, "Limit 6000", "lower sampling.max_new_tokens, which counts like"),
        (429, {"error": {"message": OVER_THE_RATE}}, "Limit 6000", "lower sampling.max_new_tokens, which counts like"),
        (400, {"message": "'max_tokens' is too large: 1024"}, "too large: 1024", "lower sampling.max_new_tokens"),
        (400, {"message": "maximum context length is 1024"}, "length is 1024", "lower sampling.max_new_tokens"),
    ],
)
def test_what_is_to_blame_is_named(server, generator, status, answer, what, fix):  # noqa: F811
    server.script = lambda number, handler: handler.reply(status, answer)
    with pytest.raises(InputError, match=what) as raised:
        texts(generator())
    assert raised.value.fix.startswith(fix) or fix in raised.value.fix


@pytest.mark.parametrize(
    ("answer", "listed", "what", "fix"),
    [
        (
            "404 page not found",
            404,
            "the address takes no requests: HTTP 404: 404 page",
            "check the address: it usually",
        ),
        ({"detail": "Not Found"}, 404, "the address takes no requests", "check the address: it usually ends in /v1"),
        (
            {"error": {"message": "No models loaded."}},
            200,
            "no model 'kiln-7b': HTTP 404: No models",
            "see the message:",
        ),
        (
            {"error": {"code": "DeploymentNotFound", "message": "The deployment does not exist."}},
            404,
            "no model",
            "see",
        ),
    ],
)
def test_an_address_and_a_model_that_are_not_there(server, generator, monkeypatch, answer, listed, what, fix):  # noqa: F811
    """The first is LM Studio's, Ollama's or vLLM's without /v1, the second LM Studio's and Azure's."""
    monkeypatch.setattr(server.RequestHandlerClass, "do_GET", lambda handler: handler.reply(listed, {"data": []}))
    server.script = lambda number, handler: handler.reply(404, answer)
    with pytest.raises(InputError, match=what) as raised:
        texts(generator())
    assert raised.value.fix.startswith(fix)


def test_an_address_without_its_version_is_said_before_the_first_request(server, generator, monkeypatch):  # noqa: F811
    def listing(handler):
        handler.reply(*((200, {"data": [{"id": "kiln-7b"}]}) if handler.path == "/v1/models" else (404, "404 page")))

    monkeypatch.setattr(server.RequestHandlerClass, "do_GET", listing)
    with pytest.raises(InputError, match="lists no models") as raised:
        generator(url=server.url.removesuffix("/v1")).check()
    assert raised.value.fix == f"give the address that does: {server.url}"
    generator().check()


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
