"""generate with a chat server for a teacher."""

import pytest

from codekiln.data.folders import Dataset, write_dataset
from codekiln.data.records import Problem, Sample
from codekiln.errors import InputError
from codekiln.settings.resolve import resolve
from codekiln.stages.base import StageContext
from codekiln.stages.generate import generate
from tests.inference.test_endpoint import (
    ended,
    server,  # noqa: F401  a fixture
)

PROBLEMS = [Problem(task_id=f"p/{name}", prompt=name, entry_point="f", tests=("assert f() == 1",)) for name in "ab"]


def context(tmp_path, url) -> StageContext:
    write_dataset(tmp_path / "problems", PROBLEMS, Problem)
    settings = [
        "teacher=endpoint", f"teachers.endpoint.url={url}", "teachers.endpoint.model=kiln-7b",
        f"teachers.endpoint.cache_dir={tmp_path / 'cache'}",
    ]  # fmt: skip
    inputs = {"train_problems": tmp_path / "problems"}
    return StageContext(resolve("laptop", {}, settings), inputs, tmp_path / "out", "generate", tmp_path)


def test_answers_without_a_program_stop_the_run_with_what_became_of_them(server, tmp_path):  # noqa: F811
    server.script = lambda number, handler: handler.reply(200, ended("length", content=None, reasoning="def f("))
    with pytest.raises(InputError, match="none of 8 answers has a program: cut_off 8, cut_off_in_thought 8") as raised:
        generate.run(context(tmp_path, server.url))
    assert "raise teachers.endpoint.sampling.max_new_tokens (max_completion_tokens, where" in raised.value.fix
    assert "or turn thinking off" in raised.value.fix


def test_what_happened_stands_before_what_did_not(server, tmp_path):  # noqa: F811
    thought = ended("length", reasoning="def f(")
    server.script = lambda number, handler: handler.reply(200, thought) if number == 1 else None
    figures = list(generate.run(context(tmp_path, server.url)).figures)
    assert figures.index("cut_off_in_thought") < figures.index("cached")
    assert len(Dataset(tmp_path / "out" / "samples", Sample).rows()) == 7
