import multiprocessing
from math import isclose

import pytest

from codekiln.data.records import CallTest, Message, Problem
from codekiln.evaluation import spending
from codekiln.evaluation.ledger import Decision, LedgerFile, marks, numbered, outlook, results_digest, set_digest, table
from codekiln.evaluation.spending import charge, confidence, level_of

TARGET = "structural_maintainability"
PROBLEM = Problem(task_id="a/1", prompt="Write f.", tests=("assert f(1)", CallTest(call=[1], expect=2)))
OTHER = Problem(task_id="a/2", prompt="Write g.", tests=("assert g(1)",))


def decision(adapter="a", found="set", **changes):
    return Decision(model="tiny", set=found, target=TARGET, adapter=adapter, **changes)


def test_all_levels_together_are_five_percent_and_fall():
    levels = [level_of(number) for number in range(1, 20_001)]
    assert levels == sorted(levels, reverse=True)
    assert len(set(levels)) == len(levels)
    assert sum(levels) < spending.TOTAL
    assert isclose(sum(levels), spending.TOTAL, abs_tol=1e-6)
    with pytest.raises(ValueError, match="counted from 1"):
        level_of(0)


@pytest.mark.parametrize(
    ("number", "ordinal", "percent"),
    [
        (1, "first", "95.1 %"),
        (2, "second", "99.950 %"),
        (3, "third", "99.983 %"),
        (11, "11th", "99.99909 %"),
        (22, "22nd", "99.99978 %"),
        (113, "113th", "99.9999921 %"),
    ],
)
def test_a_charge_is_said_in_words(number, ordinal, percent):
    assert charge(number) == f"for the {ordinal} candidate judged on these problems"
    assert confidence(level_of(number)) == percent


def test_a_set_is_its_problems():
    digest = set_digest([PROBLEM, OTHER])
    assert set_digest([OTHER, PROBLEM.model_copy(update={"task_id": "b", "group": "g", "source": "s"})]) == digest
    changed = PROBLEM.model_copy(update={"tests": ("assert f(1)",)})
    assert len({digest, set_digest([PROBLEM]), set_digest([changed, OTHER])}) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"task_id": "b/7", "group": "g", "source": "s", "stratum": "hard", "reference": "def f(x): return 2"},
        {"prompt": "  write F ...\n"},
        {"prompt": "Please solve the following."},
        {"tests": ("assert f(2)",)},
        {"tests": ("assert  f(1)\n", CallTest(call=[1], expect=2))},
        {"tests": (CallTest(call=[1], expect=2), "assert f(1)"), "prompt": "Another text."},
        {"setup": "import math", "visible_tests": ("assert f(1)",)},
    ],
)
def test_a_problem_that_was_changed_in_passing_is_known_again(change):
    assert marks([PROBLEM]) & marks([PROBLEM.model_copy(update=change)])


def test_other_problems_share_no_mark():
    assert len(marks([PROBLEM, OTHER])) == 4
    assert not marks([PROBLEM]) & marks([OTHER])
    texts = [
        Problem(
            task_id=name, prompt="", reply="text", messages=(Message(role="user", content=name),), facts={"a": name}
        )
        for name in "ab"
    ]
    assert not marks(texts[:1]) & marks(texts[1:])
    assert len(marks(texts)) == 4


def test_the_champion_is_no_part_of_the_results():
    values = {"base": {"a": {"pass@1": 0.5}}, "sft": {"a": {"pass@1": 1.0}}}
    digest = results_digest(values)
    assert results_digest({**values, "champion": {"a": {"pass@1": 0.0}}}) == digest
    assert results_digest({**values, "sft": {"a": {"pass@1": 0.9}}}) != digest
    assert results_digest(values, values) != digest


def test_only_the_same_adapter_on_the_same_set_and_terms_is_the_same_question():
    first = decision(terms={"tolerance": 0.02}, when="Monday", run="1", champion="old", evaluation="first")
    again = decision(terms={"tolerance": 0.02}, number=3, verdict="promoted", evaluation="second")
    assert first.key == again.key
    assert first.attempt != again.attempt
    others = [
        decision(terms={"tolerance": 0.05}),
        decision("b", terms={"tolerance": 0.02}),
        decision(found="other", terms={"tolerance": 0.02}),
        decision(base="larger", terms={"tolerance": 0.02}),
        first.model_copy(update={"target": "lines"}),
        first.model_copy(update={"model": "other"}),
    ]
    assert len({first.key, *(other.key for other in others)}) == 7


def test_attempts_on_a_set_are_counted():
    known = [decision("a"), decision("b"), decision("b"), decision("z", found="other")]
    sets = {"set": {"1"}, "other": {"2"}}
    assert numbered(decision("c"), known, sets, {"1"}).number == 3
    assert numbered(decision("c"), known, sets, {"1"}).level == level_of(3)
    assert numbered(decision("b"), known, sets, {"1"}).number == 2
    assert numbered(decision("b", evaluation="sampled anew"), known, sets, {"1"}).number == 3
    assert numbered(decision("c", found="new"), known, sets, {"3"}).level == level_of(1)


def test_whatever_shares_a_problem_is_counted_and_nothing_else():
    known = [
        decision("a", found="one"),
        decision("b", found="two").model_copy(update={"model": "other name", "target": "lines"}),
        decision("c", found="apart"),
        decision("d", found="one", base="larger"),
        decision("e", found="unknown"),
    ]
    sets = {"one": {"1", "2"}, "two": {"2", "3"}, "apart": {"4"}}
    assert numbered(decision("x", found="new"), known, sets, {"2", "5"}).number == 4
    assert numbered(decision("x", found="new"), known, sets, {"3"}).number == 3
    assert numbered(decision("x", found="new"), known[:4], sets, {"5"}).number == 1


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_candidates_judged_at_once_spend_no_more_than_one_after_the_other(order):
    # All are written before any is counted, which is the worst that can happen.
    known = [decision(name) for name in "abc"]
    levels = [numbered(known[place], known, {}, ()).level for place in order]
    assert sum(levels) <= sum(level_of(number) for number in (1, 2, 3))


def test_a_file_holds_the_last_line_of_each_decision_once(tmp_path):
    file = LedgerFile(tmp_path / "deep" / "ledger.jsonl")
    assert file.decisions() == []
    done = decision(verdict="promoted", sentence="promoted: ä", terms={"tolerance": 0.02})
    for item in (decision(terms={"tolerance": 0.02}), done, done, decision("b")):
        file.add(item)
    assert file.decisions() == [done, decision("b")]
    assert len(file.path.read_text().splitlines()) == 3


def test_a_line_that_was_cut_is_named_and_loses_no_other(tmp_path):
    said = []
    file = LedgerFile(tmp_path / "ledger.jsonl", said.append)
    file.add(decision("a"))
    file.add(decision("b"))
    whole = file.path.read_bytes()
    file.path.write_bytes(whole[:-40])
    assert file.decisions() == [decision("a")]
    assert said[0].startswith(f"{file.path}:2: is no decision, perhaps cut while it was written, and is left out")
    file.add(decision("c"))
    assert file.decisions() == [decision("a"), decision("c")]
    file.add(decision("b"))
    assert {item.adapter for item in file.decisions()} == {"a", "b", "c"}


def _add(path, names):
    for name in names:
        LedgerFile(path).add(decision(name, sentence="x" * 5000))


def test_writers_at_once_lose_no_line(tmp_path):
    path = tmp_path / "ledger.jsonl"
    names = [[f"{writer}-{number}" for number in range(25)] for writer in range(4)]
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_add, args=(path, part)) for part in names]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert {item.adapter for item in LedgerFile(path).decisions()} == {name for part in names for name in part}


def test_a_table_shows_the_sets_and_what_the_next_candidate_is_charged():
    rows = [
        decision("b" * 64, "1" * 64, number=2, level=level_of(2), verdict="not promoted", when="2026-01-02", run="r2"),
        decision("a" * 64, "1" * 64, number=1, level=level_of(1), verdict="promoted", when="2026-01-01", run="r1"),
        decision("a" * 64, "2" * 64),
    ]
    lines = table(rows).splitlines()
    assert lines[0].split() == ["model", "target", "set", "number", "level", "adapter", "verdict", "when", "run"]
    assert lines[1].split() == ["tiny", TARGET, "1" * 12, "1", "0.049", "a" * 12, "promoted", "2026-01-01", "r1"]
    assert lines[2].split()[2:5] == ["1" * 12, "2", "0.0005"]
    assert lines[3].split()[2:] == ["2" * 12, "0", "0", "a" * 12, "open"]
    assert outlook(rows) == [
        f"tiny, {TARGET}, set 111111111111: the next candidate is judged with intervals at 99.983 % or more",
        f"tiny, {TARGET}, set 222222222222: the next candidate is judged with intervals at 95.1 % or more",
    ]
