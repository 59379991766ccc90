"""The endpoint client against a real HTTP server that misbehaves on demand."""

import json
import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from codekiln.data.records import Message, Problem
from codekiln.errors import InputError, ModelError
from codekiln.inference import Sampling, chat_client
from codekiln.inference.endpoint import EndpointGenerator
from codekiln.inference.endpoint_settings import EndpointSettings
from codekiln.teachers import get

KEY = "sk-very-secret"


class FakeServer(ThreadingHTTPServer):
    """Answers chat requests with a text made of prompt and seed; ``script`` may answer otherwise, by request number."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies, self.headers = [], []
        self.script: Callable = lambda number, handler: None
        self.busy = self.most_busy = 0
        self.seconds = 0.0
        self.work: Callable = lambda: time.sleep(self.seconds)
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.reply(200, {"data": [{"id": "kiln-7b"}, {"id": "kiln-70b"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with self.server.lock:
            self.server.bodies.append(body)
            self.server.headers.append(dict(self.headers))
            number = len(self.server.bodies)
            self.server.busy += 1
            self.server.most_busy = max(self.server.most_busy, self.server.busy)
        self.server.work()
        with self.server.lock:
            self.server.busy -= 1
        if self.server.script(number, self) is None:
            self.reply(200, completion(text_of(body)))

    def reply(self, status: int, answer: object, **headers: str) -> bool:
        payload = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"content-length": str(len(payload)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(payload)
        return True

    def log_message(self, *_: object) -> None:
        pass


def completion(text: str | None) -> dict:
    return {
        "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10},
    }


def text_of(body: dict) -> str:
    return f"{body['messages'][-1]['content']}/{body['seed']}"


def asking(count: int) -> list[tuple[Message, ...]]:
    return [(Message(role="user", content=f"p{index}"),) for index in range(count)]


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(chat_client, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.delenv("CODEKILN_API_KEY", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    fake = FakeServer()
    thread = threading.Thread(target=fake.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield fake
    fake.shutdown()
    fake.server_close()


@pytest.fixture
def generator(server, tmp_path):
    def make(**settings):
        values = {"url": server.url, "model": "kiln-7b", "cache_dir": str(tmp_path / "cache"), "retries": 3, **settings}
        return EndpointGenerator(EndpointSettings(**values))

    return make


def test_answers_come_in_prompt_order_one_request_and_seed_per_sample(server, generator):
    server.script = lambda number, handler: time.sleep(0.05 if number % 3 == 0 else 0)
    sampling = Sampling(n=2, seed=7, temperature=0.3, top_p=0.9, max_new_tokens=33)
    assert list(generator().generate(asking(5), sampling)) == [[f"p{index}/7", f"p{index}/8"] for index in range(5)]
    assert len(server.bodies) == 10
    assert {key: server.bodies[0][key] for key in ("model", "temperature", "top_p", "max_tokens")} == {
        "model": "kiln-7b",
        "temperature": 0.3,
        "top_p": 0.9,
        "max_tokens": 33,
    }


def test_a_second_run_asks_nothing_and_costs_nothing(server, generator):
    prices = {"price_in": 1.0, "price_out": 10.0}
    first = generator(**prices)
    texts = list(first.generate(asking(4), Sampling(n=2)))
    again = generator(**prices)
    assert list(again.generate(asking(4), Sampling(n=2))) == texts
    assert len(server.bodies) == 8
    assert first.usage().spent == pytest.approx(8 * (100 * 1 + 10 * 10) / 1e6) == pytest.approx(first.usage().cost)
    usage = again.usage()
    assert (usage.answers, usage.cached, usage.prompt_tokens, usage.completion_tokens) == (8, 8, 800, 80)
    assert (usage.cost, usage.spent) == (pytest.approx(first.usage().cost), 0)


@pytest.mark.parametrize("change", [{"temperature": 0.1}, {"seed": 99}, {"max_new_tokens": 5}])
def test_another_request_is_not_answered_from_the_cache(server, generator, change):
    list(generator().generate(asking(1), Sampling(n=1)))
    list(generator().generate(asking(1), Sampling(n=1).model_copy(update=change)))
    assert len(server.bodies) == 2


def test_an_interrupted_run_pays_only_what_is_missing(server, generator):
    server.script = lambda number, handler: handler.reply(401, {"error": {"message": "no"}}) if number > 12 else None
    with pytest.raises(InputError):
        list(generator(concurrency=2).generate(asking(10), Sampling(n=2)))
    server.script = lambda number, handler: None
    server.bodies.clear()
    resumed = generator(concurrency=2)
    assert len(list(resumed.generate(asking(10), Sampling(n=2)))) == 10
    assert len(server.bodies) == 20 - 12 == resumed.usage().answers - resumed.usage().cached


def test_a_killed_process_pays_again_only_for_what_was_under_way(server, generator):
    server.seconds = 0.05
    settings = generator(concurrency=2).settings.model_dump()
    lines = "; ".join(
        [
            "from codekiln.inference import Sampling",
            "from codekiln.inference.endpoint import EndpointGenerator",
            "from codekiln.inference.endpoint_settings import EndpointSettings",
            "from codekiln.data.records import Message",
            "prompts = [(Message(role='user', content=f'p{index}'),) for index in range(30)]",
            f"list(EndpointGenerator(EndpointSettings(**{settings!r})).generate(prompts, Sampling(n=1)))",
        ]
    )
    process = subprocess.Popen([sys.executable, "-c", lines])
    while len(server.bodies) < 10:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(list(generator(concurrency=2).generate(asking(30), Sampling(n=1)))) == 30
    assert 30 <= len(server.bodies) <= 30 + 2


def test_a_consumer_that_stops_early_loses_no_paid_answer(server, generator):
    server.seconds = 0.1
    stream = generator(concurrency=2).generate(asking(50), Sampling(n=1))
    next(stream)
    stream.close()
    assert len(server.bodies) <= 10
    server.seconds = 0
    list(generator(concurrency=2).generate(asking(50), Sampling(n=1)))
    assert len(server.bodies) == 50


def test_a_consumer_that_stops_does_not_wait_for_retries(server, generator):
    server.script = lambda number, handler: handler.reply(503, "no", retry_after="60") if number > 1 else None
    stream = generator(concurrency=1).generate(asking(5), Sampling(n=1))
    next(stream)
    time.sleep(0.2)
    start = time.monotonic()
    stream.close()
    assert time.monotonic() - start < 30


def test_a_damaged_cache_entry_is_fetched_again_and_said_so(server, generator, tmp_path, caplog):
    list(generator().generate(asking(2), Sampling(n=1)))
    victim = sorted((tmp_path / "cache").rglob("*.json"))[0]
    victim.write_text(victim.read_text()[:40])
    with caplog.at_level(logging.WARNING):
        assert list(generator().generate(asking(2), Sampling(n=1))) == [["p0/0"], ["p1/0"]]
    assert len(server.bodies) == 3
    assert str(victim) in caplog.text
    list(generator().generate(asking(2), Sampling(n=1)))
    assert len(server.bodies) == 3


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503])
def test_a_busy_server_is_asked_again(server, generator, status):
    server.script = lambda number, handler: handler.reply(status, "busy") if number < 3 else None
    busy = generator()
    assert list(busy.generate(asking(1), Sampling(n=1))) == [["p0/0"]]
    assert busy.usage().retries == 2


def test_a_dropped_connection_is_tried_again(server, generator):
    def drop(number, handler):
        if number == 1:
            handler.connection.close()
            handler.close_connection = True
        return number == 1 or None

    server.script = drop
    assert list(generator().generate(asking(1), Sampling(n=1))) == [["p0/0"]]


def test_a_silent_server_is_tried_again(server, generator):
    answered = threading.Event()
    server.script = lambda number, handler: answered.wait(60) and None if number == 1 else None
    assert list(generator(timeout_seconds=1.0).generate(asking(1), Sampling(n=1))) == [["p0/0"]]
    answered.set()
    assert len(server.bodies) >= 2


@pytest.mark.parametrize("answer", ["<html>", {"choices": []}, {"choices": [{"message": {"content": 3}}]}, "null"])
def test_an_answer_out_of_form_is_tried_again_and_never_cached(server, generator, answer, tmp_path):
    server.script = lambda number, handler: handler.reply(200, answer)
    with pytest.raises(ModelError, match="HTTP 200"):
        list(generator(retries=1).generate(asking(1), Sampling(n=1)))
    assert len(server.bodies) == 2
    assert not list((tmp_path / "cache").rglob("*.json"))


@pytest.mark.parametrize("status", [200, 429])
def test_an_error_of_the_provider_behind_a_router_is_said_in_its_words(server, generator, status):
    metadata = {"raw": "upstream is overloaded", "provider_name": "P"}
    error = {"message": "Provider returned error", "code": 502, "metadata": metadata}
    server.script = lambda number, handler: handler.reply(status, {"error": error, "user_id": "u"})
    with pytest.raises(ModelError) as raised:
        list(generator(retries=1).generate(asking(1), Sampling(n=1)))
    assert f"(HTTP {status}: Provider returned error (upstream is overloaded))" in raised.value.what


def test_a_refusal_to_answer_is_an_empty_text(server, generator):
    server.script = lambda number, handler: handler.reply(200, completion(None))
    assert list(generator().generate(asking(1), Sampling(n=1))) == [[""]]


def test_retry_after_is_honoured(server, generator):
    server.script = lambda number, handler: handler.reply(429, "later", retry_after="1") if number == 1 else None
    start = time.monotonic()
    list(generator().generate(asking(1), Sampling(n=1)))
    assert time.monotonic() - start >= 1.0


def test_a_server_that_stays_down_ends_in_one_error_with_its_words(server, generator):
    server.script = lambda number, handler: handler.reply(503, {"error": {"message": "out of memory"}})
    with pytest.raises(ModelError, match="out of memory"):
        list(generator(retries=2).generate(asking(1), Sampling(n=1)))
    assert len(server.bodies) == 3


def test_an_exhausted_account_is_not_asked_again(server, generator):
    error = {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}
    server.script = lambda number, handler: handler.reply(429, error)
    with pytest.raises(InputError, match="exceeded your quota"):
        list(generator().generate(asking(1), Sampling(n=1)))
    assert len(server.bodies) == 1


def test_an_unreachable_server_is_a_model_error(generator):
    with pytest.raises(ModelError, match="did not answer"):
        list(generator(url="http://127.0.0.1:9/v1", retries=1).generate(asking(1), Sampling(n=1)))


def test_no_more_requests_at_once_than_allowed(server, generator):
    server.work = partial(threading.Barrier(3).wait, 60)
    list(generator(concurrency=3).generate(asking(12), Sampling(n=2)))
    assert server.most_busy == 3


def test_a_slow_consumer_holds_the_requests_back(server, generator):
    stream = generator(concurrency=2).generate(asking(200), Sampling(n=1))
    next(stream)
    time.sleep(0.5)
    assert len(server.bodies) <= 10
    stream.close()


def test_the_key_is_sent_and_never_shown(server, generator, monkeypatch, caplog, tmp_path):
    monkeypatch.setenv("CODEKILN_API_KEY", KEY + "\n")
    statuses = {1: 500, 3: 401}
    server.script = lambda number, handler: handler.reply(statuses[number], "no") if number in statuses else None
    with caplog.at_level(logging.DEBUG):
        list(generator().generate(asking(1), Sampling(n=1)))
        with pytest.raises(InputError) as error:
            list(generator().generate(asking(2), Sampling(n=1)))
    sent = {name.lower(): value for name, value in server.headers[0].items()}
    assert sent["authorization"] == f"Bearer {KEY}"
    stored = "".join(path.read_text() for path in (tmp_path / "cache").rglob("*.json"))
    assert stored
    assert KEY not in stored + caplog.text + str(error.value)
    assert "check the key in the environment variable CODEKILN_API_KEY" in str(error.value)


def test_without_a_key_none_is_sent_and_a_refusal_names_the_variable(server, generator):
    server.script = lambda number, handler: handler.reply(401, {"error": {"message": "missing key"}})
    with pytest.raises(InputError) as error:
        list(generator().generate(asking(1), Sampling(n=1)))
    assert "authorization" not in {name.lower() for name in server.headers[0]}
    assert "put the key into the environment variable CODEKILN_API_KEY" in str(error.value)
    assert len(server.bodies) == 1


def test_a_key_for_openai_is_not_sent_to_another_server(server, generator, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    list(generator().generate(asking(1), Sampling(n=1)))
    assert KEY not in str(server.headers)


def test_a_key_that_no_header_can_hold_is_refused_without_showing_it(generator, monkeypatch):
    monkeypatch.setenv("CODEKILN_API_KEY", "sk-\u00e9")
    with pytest.raises(InputError) as error:
        generator()
    assert "sk-" not in str(error.value)


def test_an_unknown_model_gets_the_servers_list(server, generator):
    server.script = lambda number, handler: handler.reply(404, {"error": {"message": "model not found"}})
    with pytest.raises(InputError, match="did you mean 'kiln-7b'"):
        list(generator(model="kiln7b").generate(asking(1), Sampling(n=1)))


def test_check_asks_for_no_completion(server, generator):
    generator().check()
    with pytest.raises(InputError, match="did you mean 'kiln-70b'"):
        generator(model="kiln-70").check()
    with pytest.raises(InputError, match="cannot be reached"):
        generator(url="http://127.0.0.1:9/v1").check()
    assert not server.bodies


def test_a_request_the_server_refuses_is_shown_with_its_words(server, generator):
    server.script = lambda number, handler: handler.reply(400, {"error": {"message": "max_tokens is too large"}})
    with pytest.raises(InputError, match="max_tokens is too large"):
        list(generator().generate(asking(1), Sampling(n=1)))
    assert len(server.bodies) == 1


def refusing(*refused, status=400):
    """Return a script that refuses these prompts and answers all others."""

    def script(number, handler):
        if handler.server.bodies[number - 1]["messages"][-1]["content"] in refused:
            return handler.reply(status, {"error": {"code": "content_filter", "message": "The prompt was filtered."}})
        return None

    return script


@pytest.mark.parametrize("status", [400, 413, 422])
def test_one_refused_prompt_among_many_is_counted_and_named(server, generator, status, caplog):
    server.script = refusing("p1", "p3", status=status)
    made = generator(concurrency=1)
    assert list(made.generate(asking(5), Sampling(n=1))) == [["p0/0"], [""], ["p2/0"], [""], ["p4/0"]]
    assert (made.usage().refused, made.usage().answers, len(server.bodies)) == (2, 3, 5)
    assert "The prompt was filtered. (prompt 'p1')" in caplog.text


def test_many_refusals_in_a_row_stop_the_run(server, generator, caplog):
    server.script = refusing(*(f"p{index}" for index in range(1, 50)))
    made = generator(concurrency=1)
    with pytest.raises(InputError, match="filtered"):
        list(made.generate(asking(50), Sampling(n=1)))
    # Some requests were under way when the fifth came back.
    assert 5 <= made.usage().refused <= len(server.bodies) < 15
    assert caplog.text.count("was filtered") == 1
    server.script = refusing("p0")
    assert next(generator(concurrency=1).generate(asking(4), Sampling(n=6, seed=9))) == [""] * 6


PARTS = [{"type": "text", "text": "x ="}, {"type": "reasoning", "text": "hm"}, {"type": "output_text", "text": " 1"}]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (PARTS, "x = 1"),
        (["x", " = 1"], "x = 1"),
        ([], ""),
        ([{"type": "image_url"}], ""),
        ("x = '\ud800'", "x = '\ufffd'"),
        ("x = '\ud83d\ude00'", "x = '\U0001f600'"),
    ],
)
def test_forms_of_content(server, generator, content, text):
    server.script = lambda number, handler: handler.reply(200, completion(content))
    for _ in range(2):
        assert list(generator().generate(asking(1), Sampling(n=1))) == [[text]]
    assert len(server.bodies) == 1


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        ({"prompt_tokens": 3.0, "completion_tokens": 5.0}, (3, 5, 0)),
        ({"prompt_tokens": "3", "completion_tokens": "5"}, (3, 5, 0)),
        ({"prompt_tokens": 3}, (0, 0, 1)),
        ({"prompt_tokens": -1, "completion_tokens": "many"}, (0, 0, 1)),
        ([], (0, 0, 1)),
        (None, (0, 0, 1)),
    ],
)
def test_forms_of_token_counts(server, generator, usage, counted):
    server.script = lambda number, handler: handler.reply(200, completion("x") | {"usage": usage})
    made = generator()
    assert list(made.generate(asking(1), Sampling(n=1))) == [["x"]]
    found = made.usage()
    assert (found.prompt_tokens, found.completion_tokens, found.uncounted) == counted


def ended(reason, **message):
    return {"choices": [{"message": {"role": "assistant", **message}, "finish_reason": reason}]}


def test_a_reply_that_spent_its_tokens_on_thought_is_counted_with_the_advice(server, generator, caplog):
    answers = [
        ended("length", content=None, reasoning_content="hm"),
        ended("length", content="<think>\nhm"),
        ended("length", content="def f("),
        ended("content_filter", content=None),
    ]
    server.script = lambda number, handler: handler.reply(200, answers[number - 1])
    made = generator(concurrency=1)
    list(made.generate(asking(4), Sampling(n=1)))
    found = made.usage()
    assert (found.cut_off, found.cut_off_in_thought, found.filtered) == (3, 2, 1)
    assert caplog.text.count("enable_thinking") == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"error": {"code": 502, "message": "Provider returned error"}},
        ended("error", content="half"),
        {"choices": [{"error": {"code": 502}, "message": {"content": ""}}]},
        {"choices": [{"message": {"content": 3}}]},
        {"choices": [{"message": {"content": [3]}}]},
        {"choices": {}},
        [],
    ],
)
def test_a_failure_in_a_successful_response_is_tried_again_and_never_cached(server, generator, answer):
    server.script = lambda number, handler: handler.reply(200, answer) if number == 1 else None
    for _ in range(2):
        assert list(generator().generate(asking(1), Sampling(n=1))) == [["p0/0"]]
    assert len(server.bodies) == 2


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({"extra": {"max_completion_tokens": 99}}, {"max_completion_tokens": 99}),
        ({"omit": ("max_tokens",)}, {}),
        ({"extra": {"max_tokens": None}}, {}),
        ({"extra": {"max_tokens": 7}}, {"max_tokens": 7}),
        ({"omit": ("max_tokens",), "extra": {"max_tokens": 7}}, {"max_tokens": 7}),
    ],
)
def test_the_limit_of_tokens_as_the_server_wants_it(server, generator, settings, sent):
    list(generator(**settings).generate(asking(1), Sampling(n=1)))
    assert {key: value for key, value in server.bodies[0].items() if "tokens" in key} == sent


@pytest.mark.parametrize(("listed", "is_known"), [(["*"], True), (["openai/*", "ki*"], True), (["a*"], False)])
def test_a_wildcard_in_the_list_of_models(generator, listed, is_known, monkeypatch):
    models = {"data": [{"id": name} for name in listed]}
    monkeypatch.setattr(Handler, "do_GET", lambda handler: handler.reply(200, models))
    if is_known:
        generator().check()
    else:
        with pytest.raises(InputError, match="no model"):
            generator().check()


def test_extra_fields_reach_the_server_and_null_removes_one(server, generator):
    extra = {"max_completion_tokens": 9, "max_tokens": None}
    list(generator(extra=extra).generate(asking(1), Sampling(n=1)))
    assert server.bodies[0]["max_completion_tokens"] == 9
    assert "max_tokens" not in server.bodies[0]


def test_missing_token_counts_are_counted_as_missing(server, generator):
    server.script = lambda number, handler: handler.reply(200, {**completion("x"), "usage": None})
    unmetered = generator(price_in=5.0)
    list(unmetered.generate(asking(1), Sampling(n=1)))
    assert (unmetered.usage().uncounted, unmetered.usage().cost) == (1, 0)


def test_a_cache_of_an_earlier_version_is_still_valid(generator, tmp_path):
    """The name of the file and its form are those that version 0.1 wrote; the server cannot be reached."""
    file = tmp_path / "cache" / "c7" / "c75d9707d61044e9dc3d76c8cf12707c392f39534227830bfbbd0a720f7433c6.json"
    file.parent.mkdir(parents=True)
    body = {"model": "kiln-7b", "messages": [{"role": "user", "content": "p0"}], "temperature": 0.8, "top_p": None}
    body |= {"max_tokens": 512, "seed": 4, "top_k": 5}
    reply = {"text": "kept", "finish_reason": "stop", "prompt_tokens": 3, "completion_tokens": 1}
    entry = {"request": {"url": "http://127.0.0.1:9/v1", "body": body, "index": 0}, "reply": reply}
    file.write_text(json.dumps(entry))
    offline = generator(url="http://127.0.0.1:9/v1/", extra={"top_k": 5, "top_p": None}, retries=0)
    assert list(offline.generate(asking(1), Sampling(n=1, seed=4))) == [["kept"]]


def test_a_cache_folder_that_cannot_be_written_is_named(generator, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cache_dir"):
        generator(cache_dir=str(tmp_path / "file" / "cache"))


def test_the_endpoint_teacher_gives_the_programs_of_the_replies_with_their_seeds_and_cost(server, tmp_path):
    fenced = "Here it is:\n```python\ndef f():\n    return 1\n```\nDone."
    server.script = lambda number, handler: handler.reply(200, completion(fenced))
    cls = get("endpoint")
    values = {"url": server.url, "model": "kiln-7b", "cache_dir": str(tmp_path), "price_in": 1.0, "sampling": {"n": 2}}
    teacher = cls(cls.Settings(**values), seed=40)
    problem = Problem(task_id="t1", prompt="Write f.", visible_tests=("assert f() == 1",), tests=("assert f() != 2",))
    ((answered, samples),) = teacher.solve([problem])
    assert answered == problem
    assert {(sample.solution, sample.model) for sample in samples} == {("def f():\n    return 1", "kiln-7b")}
    assert [sample.seed for sample in samples] == [40, 41] == sorted(body["seed"] for body in server.bodies)
    asked = server.bodies[0]["messages"][0]["content"]
    assert "assert f() == 1" in asked
    assert "assert f() != 2" not in asked
    assert teacher.usage()["spent"] == pytest.approx(2 * 100 / 1e6)
    teacher.check()


def test_the_endpoint_teacher_leaves_out_replies_without_a_text_and_names_the_problem(server, tmp_path, caplog):
    server.script = refusing("p1")
    cls = get("endpoint")
    settings = cls.Settings(url=server.url, model="kiln-7b", cache_dir=str(tmp_path), sampling={"n": 2})
    problems = [Problem(task_id=f"t{index}", prompt=f"p{index}") for index in range(3)]
    teacher = cls(settings, seed=0)
    assert [len(samples) for _, samples in teacher.solve(problems)] == [2, 0, 2]
    assert "t1: no reply has a text" in caplog.text
    assert teacher.usage()["refused"] == 2


@pytest.mark.parametrize("wrong", [{"url": "localhost:8000"}, {"model": ""}, {"concurrency": 0}, {"api_key": KEY}])
def test_endpoint_settings_refuse_what_cannot_work(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        get("endpoint").Settings(**{"url": "http://localhost:8000/v1", "model": "m", **wrong})
