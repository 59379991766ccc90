"""What check says of problems: which references fail and why, how many cannot be judged, and what is left."""

import json

import pytest

from codekiln.data.folders import Dataset, write_dataset
from codekiln.data.readers import read_located_problems
from codekiln.data.records import Problem
from codekiln.errors import InputErrors
from codekiln.recipes import problem_sets
from codekiln.settings.resolve import resolve
from codekiln.stages.problem_report import read_report, refuse_empty, report


def row(number, *, wrong=False, reference=True, **fields):
    """Return a problem whose second test fails where it is wrong."""
    name = f"f{number}"
    return {
        "task_id": f"mine/{number}",
        "prompt": f"Write {name}, which adds {number} to x, {'very ' * number}well.",
        "entry_point": name,
        "tests": [f"assert {name}(1) == {1 + number}", f"assert {name}(2) == {2 + number + wrong}"],
        **({"reference": f"def {name}(x):\n    return x + {number}\n"} if reference else {}),
        **fields,
    }


def write(path, rows):
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    return str(path)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Return the file, the report on its problems, and the folders with the problem sets."""
    folder = tmp_path_factory.mktemp("problems")
    rows = [row(n, wrong=n in (4, 11), reference=n not in (2, 5)) for n in range(12)]
    rows.append(row(12, tests=[], visible_tests=["assert f12(1) == 13"]))
    source = write(folder / "p.jsonl", rows)
    made = problem_sets.build(resolve("laptop", {}, [f"problems.source={source}", "workers=1"]))
    write_dataset(folder / "train", made.train, Problem, rejected=made.rejected)
    write_dataset(folder / "evaluation", made.evaluation, Problem)
    return source, report(made.train, made.evaluation, made.rejected), folder


def test_it_is_said_which_references_fail_and_why_in_the_order_of_the_file(found):
    source, told, _ = found
    assert list(told.lines())[:3] == [
        f"left out {source}:5, mine/4: its reference fails: failed, test 2 of 2, assert f4(2) == 7: got 6",
        f"left out {source}:12, mine/11: its reference fails: failed, test 2 of 2, assert f11(2) == 14: got 13",
        f"left out {source}:13, mine/12: it has visible tests only",
    ]


def test_the_sentence_has_every_number(found):
    _, told, _ = found
    size = told.evaluation[""].problems
    assert told.train + size == 10
    assert told.sentence() == (
        "8 of 10 references pass; 2 problems are without a reference, so nothing proves the tests; "
        f"left out: 1 no-hidden-tests, 2 reference-fails; left: {told.train} training, {size} evaluation problems"
    )
    assert set(told.unproven) == {"mine/2", "mine/5"}


def test_the_report_of_an_earlier_check_is_the_same(found):
    _, told, folder = found
    assert read_report(Dataset(folder / "train", Problem), Dataset(folder / "evaluation", Problem)) == told


def test_where_nothing_is_left_every_problem_is_named(tmp_path):
    located = read_located_problems(write(tmp_path / "p.jsonl", [row(1, wrong=True), row(2, wrong=True)]))
    places = {problem.task_id: where for where, problem in located}
    kept, rejected = problem_sets.keep_gradable([problem for _, problem in located], 1, "check", places)
    assert kept == []
    with pytest.raises(InputErrors) as raised:
        refuse_empty([], [], rejected)
    text = str(raised.value)
    assert "problems: no training problem is left after checking (2 reference-fails)" in text
    assert "problems: no evaluation problem is left" in text
    assert f"{tmp_path}/p.jsonl:2: mine/2: its reference fails: failed, test 2 of 2" in text


def test_mistakes_of_both_sources_are_said_at_once(tmp_path):
    train = write(tmp_path / "a.jsonl", [row(1), {"task_id": "x", "promt": "y"}])
    evaluation = write(tmp_path / "b.jsonl", [row(1), row(1), {"task_id": "y", "prompt": "p", "tests": ["assert ("]}])
    chosen = [f"problems.source={train}", f"problems.evaluation_source={evaluation}"]
    with pytest.raises(InputErrors) as raised:
        problem_sets.build(resolve("laptop", {}, chosen))
    assert [error.where for error in raised.value.errors] == [
        f"{train}:2.promt", f"{evaluation}:2.task_id", f"{evaluation}:3, test 1 of 1 (assert ()",
    ]  # fmt: skip
