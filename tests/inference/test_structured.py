"""Several programs in one request: a schema is asked for, and whatever comes back, nothing crashes or slips through."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codekiln.data import json_text
from codekiln.data.records import CallTest, Message, Problem
from codekiln.errors import InputError
from codekiln.inference.response_cache import Completion
from codekiln.inference.structured import FORMAT, read
from codekiln.teachers import get
from tests.inference.test_endpoint import completion, server  # noqa: F401 - the fixture


def programs(*codes, **fields):
    return json.dumps({"implementations": [{"approach": f"way {code[:9]}", "code": code, **fields} for code in codes]})


def code(number):
    return f"def f(x):\n    return x + {number}"


def problem(task_id="t1", **fields):
    tests = {"visible_tests": ("assert f(1) == 2",), "tests": ("assert f(41) == 42", CallTest(call=[77], expect=78))}
    return Problem(task_id=task_id, prompt="Write f.", entry_point="f", **tests, **fields)


@pytest.fixture
def teacher(server, tmp_path):  # noqa: F811
    def make(n=3, **settings):
        cls = get("endpoint")
        values = {"url": server.url, "model": "kiln-7b", "cache_dir": str(tmp_path / "cache"), "structured": True}
        return cls(cls.Settings(**values, sampling={"n": n}, **settings), seed=5)

    return make


def answering(server, *texts):  # noqa: F811
    """Let the server answer its first request with the first text, and so on; the last one for ever."""
    server.script = lambda number, handler: handler.reply(200, completion(texts[min(number, len(texts)) - 1]))


def solved(teacher, *problems):
    return [[sample.solution for sample in samples] for _, samples in teacher.solve(problems or [problem()])]


def test_all_programs_of_a_problem_come_from_one_request_under_the_schema(server, teacher):  # noqa: F811
    answering(server, programs(code(1), code(2), code(3)))
    one = teacher()
    ((answered, samples),) = one.solve([problem()])
    assert answered == problem()
    assert [(sample.solution, sample.seed, sample.model) for sample in samples] == [
        (code(1), 5, "kiln-7b"), (code(2), 6, "kiln-7b"), (code(3), 7, "kiln-7b"),
    ]  # fmt: skip
    (body,) = server.bodies
    assert body["response_format"] == FORMAT
    assert body["response_format"]["json_schema"]["strict"] is True
    assert "Write 3 implementations" in body["messages"][-1]["content"]
    assert one.usage()["missing"] == 0


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_any_number_of_programs_can_be_asked_for(server, teacher, n):  # noqa: F811
    answering(server, programs(*map(code, range(n))))
    assert solved(teacher(n)) == [[code(number) for number in range(n)]]
    assert len(server.bodies) == 1


def test_hidden_tests_never_reach_a_request(server, teacher):  # noqa: F811
    answering(server, programs(code(1)))
    other = problem("t2", setup="SECRET = 41", reference="def f(x):\n    return x + 1  # known")
    solved(teacher(), problem(), other.model_copy(update={"prompt": "Write f again."}))
    sent = json.dumps(server.bodies)
    assert len(server.bodies) == 6
    assert "assert f(1) == 2" in sent
    for hidden in ("41", "42", "77", "78", "SECRET", "known"):
        assert hidden not in sent


def test_only_what_is_missing_is_asked_for_again_and_told_what_there_is(server, teacher):  # noqa: F811
    answering(server, programs(code(1)), programs(code(1), code(2)), programs(code(3)))
    one = teacher()
    assert solved(one) == [[code(1), code(2), code(3)]]
    texts = [body["messages"][-1]["content"] for body in server.bodies]
    assert ["Write 3" in texts[0], "Write 2" in texts[1], "Write 1" in texts[2]] == [True] * 3
    assert "* way def f(x):" in texts[1]
    assert len({body["seed"] for body in server.bodies}) == 3
    assert one.usage()["malformed_repeated"] == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Here they are: [1, 2]", "not-json"),
        (programs(code(1))[:-9], "not-json"),
        ("[" * 100_000, "not-json"),
        ("[]", "out-of-schema"),
        ("null", "out-of-schema"),
        ('{"implementations": "def f(): pass"}', "out-of-schema"),
        ('{"implementations": [3, {"approach": "a"}, {"code": null}]}', "out-of-schema"),
        ('{"implementations": [{"approach": "a", "code": "x = \\"\\ud800\\""}]}', "out-of-schema"),
        ('{"implementations": [{"approach": "a", "code": "  "}]}', "empty"),
        (None, "refused"),
        ("", "refused"),
    ],
)
def test_a_malformed_answer_is_counted_asked_again_and_never_a_crash(server, teacher, text, reason):  # noqa: F811
    answering(server, text, programs(code(1), code(2)))
    one = teacher(2)
    assert solved(one) == [[code(1), code(2)]]
    assert one.usage()[f"malformed_{reason}"] >= 1
    assert len(server.bodies) == 2


FENCE = "`" * 3


@pytest.mark.parametrize(
    "form",
    [
        "{answer}",
        FENCE + "json\n{answer}\n" + FENCE,
        FENCE + "JSON\r\n{answer}\r\n" + FENCE + "\r\n",
        "<think>two ways, {{1}}</think>\n{answer}",
        "Here it is:\n" + FENCE + "json\n{answer}\n" + FENCE + "\nDone.",
        "Sure! {{x}} and so: {answer} That is all.",
        '{{"note": "first"}}\n{answer}',
        "\ufeff{answer}<|im_end|>",
        "So: {loose}",
        "{loose}",
        "{lines}",
        "{twice}",
        "{bare}",
    ],
)
def test_an_answer_is_found_in_what_stands_around_it(form):
    answer = programs(code(1), code(2))
    forms = {
        "{answer}": answer,
        "{loose}": answer.replace("}]}", "},]}"),
        "{lines}": answer.replace("\\n", "\n"),
        "{twice}": json.dumps(answer),
        "{bare}": json.dumps(json.loads(answer)["implementations"]),
    }
    text = form.replace("{{", "{").replace("}}", "}")
    for name, value in forms.items():
        text = text.replace(name, value)
    found, reasons = read(Completion(text=text))
    assert ([program for _, program in found], reasons) == ([code(1), code(2)], [])


def test_an_answer_that_hits_the_token_limit_is_told_apart():
    assert read(Completion(text=programs(code(1))[:-9], finish_reason="length")) == ([], ["cut-off"])


def test_the_whole_programs_of_an_answer_that_was_cut_off_are_kept():
    answer = Completion(text=programs(code(1), code(2), code(3))[:-9], finish_reason="length")
    found, reasons = read(answer)
    assert ([program for _, program in found], reasons) == ([code(1), code(2)], ["cut-off"])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'["it\'s"]', ["it's"]),
        (r'["\d\n\u0041\users"]', ["\\d\nA\\users"]),
        ('{"a": [1, 2, ], }', {"a": [1, 2]}),
        ('[",]"]', [",]"]),
        ('["a\tb\nc"]', ["a\tb\nc"]),
    ],
)
def test_json_as_models_write_it(text, value):
    assert json_text.loads(text) == value


def test_well_formed_programs_beside_malformed_ones_are_kept(server, teacher):  # noqa: F811
    text = json.dumps({"implementations": [{"approach": "a", "code": code(1)}, {"code": 3}, {"code": code(2)}]})
    answering(server, text)
    one = teacher(2)
    assert solved(one) == [[code(1), code(2)]]
    assert one.usage()["malformed_out-of-schema"] == 1


def test_fences_around_the_answer_and_around_a_program_are_taken_off():
    text = f"```json\n{programs(f'```python{chr(10)}{code(1)}{chr(10)}```')}\n```"
    assert [program for _, program in read(Completion(text=text))[0]] == [code(1)]


def test_nothing_of_one_problem_is_carried_over_to_the_next(server, teacher):  # noqa: F811
    answering(server, programs(code(1)))
    solved(
        teacher(2, attempts=2, concurrency=1), problem("t1"), problem("t2").model_copy(update={"prompt": "Write g."})
    )
    texts = [body["messages"][-1]["content"] for body in server.bodies]
    first, again, other, _ = texts
    assert "* way" in again
    assert "* way" not in first + other
    assert other.replace("Write g.", "Write f.") == first


def test_after_the_last_attempt_there_is_what_there_is(server, teacher):  # noqa: F811
    answering(server, "no", programs(code(1)), "no")
    one = teacher(3, attempts=3)
    assert solved(one) == [[code(1)]]
    assert one.usage()["missing"] == 2
    assert len(server.bodies) == 3


def test_a_problem_without_any_program_is_still_there(server, teacher):  # noqa: F811
    answering(server, "no")
    assert solved(teacher(2, attempts=2), problem("t1"), problem("t2")) == [[], []]


def test_a_second_run_pays_nothing_for_malformed_answers_either(server, teacher):  # noqa: F811
    answering(server, "no", programs(code(1)))
    first = solved(teacher(1))
    assert solved(teacher(1)) == first == [[code(1)]]
    assert len(server.bodies) == 2


def test_a_server_without_structured_output_is_shown_with_its_words(server, teacher):  # noqa: F811
    server.script = lambda number, handler: handler.reply(400, {"error": {"message": "response_format unsupported"}})
    with pytest.raises(InputError, match="response_format unsupported"):
        solved(teacher())


def test_a_problem_that_wants_a_text_is_refused(server, teacher):  # noqa: F811
    with pytest.raises(InputError, match="want a text"):
        solved(teacher(), problem(reply="text"))


def test_without_structure_nothing_of_it_is_asked(server, teacher):  # noqa: F811
    cls = get("endpoint")
    plain = teacher().settings.model_copy(update={"structured": False})
    ((_, samples),) = cls(plain, seed=5).solve([problem()])
    assert len(samples) == len(server.bodies) == 3
    assert all("response_format" not in body for body in server.bodies)
    assert "implementations" not in json.dumps(server.bodies)


def test_the_conversation_of_a_problem_is_kept(server, teacher):  # noqa: F811
    turns = (Message(role="system", content="You write Python."), Message(role="user", content="Write f, please."))
    answering(server, programs(code(1)))
    solved(teacher(1), problem(messages=turns))
    (body,) = server.bodies
    assert body["messages"][0] == {"role": "system", "content": "You write Python."}
    assert body["messages"][1]["content"].startswith("Write f, please.")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["implementations", "code", "approach", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON | st.text(max_size=60))
def test_whatever_the_answer_programs_are_texts_and_the_rest_has_reasons(answer):
    text = answer if isinstance(answer, str) else json.dumps(answer)
    found, reasons = read(Completion(text=text))
    assert all(isinstance(approach, str) and program.strip() for approach, program in found)
    assert set(reasons) <= {"refused", "not-json", "out-of-schema", "empty"}
    assert found or reasons or "implementations" in text
