"""Existing preference pairs as candidates, and the table of how far their labels agree with metrics."""

import csv
import io
import json

import pytest

from codekiln.errors import InputError
from codekiln.recipes.maintainability import given_pairs, label_agreement
from codekiln.recipes.types import BuiltDataset
from tests.recipes.maintainability.making import CALL, LONG, LOOP, SIGNS, graded, problem, recipe

ASKED = [problem("t1"), problem("t2", prompt="Add x up, plus one, and never stop before the end.")]
LIMIT = {"role": "user", "content": f"{ASKED[0].prompt}\nThe main function is: def f(x)"}


def fenced(code):
    return f"```python\n{code}```"


def pair(chosen, rejected, prompt=LIMIT["content"]):
    return {"prompt": prompt, "chosen": fenced(chosen), "rejected": fenced(rejected)}


@pytest.fixture
def written(tmp_path):
    def write(*rows):
        path = tmp_path / "pairs.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return (str(path),)

    return write


def candidates(written, *rows):
    given = given_pairs.read(written(*rows), ASKED)
    return given, [(one.task_id, samples) for one, samples in given_pairs.samples(given, ASKED)]


def test_programs_of_pairs_are_candidates_of_the_problem_that_the_prompt_has_in_it(written):
    other = pair(LONG, CALL, f"Please: {ASKED[1].prompt}")
    given, ((first, mine), (second, theirs)) = candidates(written, pair(LONG, CALL), pair(CALL, LOOP), other)
    assert (first, [sample.solution for sample in mine]) == ("t1", [LONG.strip(), CALL.strip(), LOOP.strip()])
    assert mine[1].model == "pairs.jsonl:1 rejected; pairs.jsonl:2 chosen"
    assert given_pairs.places_of(mine[1]) == [("pairs.jsonl:1", "rejected"), ("pairs.jsonl:2", "chosen")]
    # Its prompt begins like the first problem's, and has all of the second's.
    assert (second, len(theirs)) == ("t2", 2)
    assert not list(given.lines())


def test_what_is_odd_about_the_files_is_said(written):
    mixed = {**pair(LONG, CALL), "prompt": [LIMIT]}
    single = {"prompt": LIMIT["content"], "completion": fenced(CALL)}
    given, _ = candidates(written, mixed, single, pair(LONG, CALL, "Reverse a list."))
    assert list(given.lines()) == [
        "1 pairs have prompt messages, chosen and rejected text; a text is read as the one message it stands for",
        "1 rows are no pairs and are left out",
        "1 pairs are of no training problem and are left out, the first: pairs.jsonl:3",
    ]


def test_pairs_of_other_problems_alone_are_refused(written):
    with pytest.raises(InputError, match="none of their 1 pairs asks what a training problem asks"):
        candidates(written, pair(LONG, CALL, "Reverse a list."))


def test_a_model_that_is_called_like_a_side_gave_no_pair():
    assert not given_pairs.places_of(graded(CALL).sample)
    assert not given_pairs.places_of(graded(CALL).sample.model_copy(update={"model": "gpt chosen"}))


def judged(written, *rows, failing=()):
    _, found = candidates(written, *rows)
    made = [
        graded(sample.solution, sample.seed, "failed" if sample.solution in failing else "passed").model_copy(
            update={"sample": sample}
        )
        for _, samples in found
        for sample in samples
    ]
    return made, label_agreement.judge(made)


def test_each_pair_is_told_as_what_it_is(written):
    renamed = SIGNS.format(t="other")
    wrong = CALL.replace("1", "2").strip()
    rows = [pair(LONG, CALL), pair(CALL, CALL), pair(LONG, renamed), pair(CALL, wrong), pair(CALL, LOOP)]
    made, pairs = judged(written, *rows, failing=[wrong])
    kinds = ["compared", "equal", "same-program", "fails", "compared"]
    assert [item.kind for item in pairs] == kinds
    assert [item.where for item in pairs] == [f"pairs.jsonl:{number}" for number in range(1, 6)]
    # The first label says the opposite of the metric, and the last what it says.
    assert label_agreement.table(pairs)["structural_maintainability"] == {"worse": 1, "better": 1}
    assert label_agreement.beyond(pairs, "structural_maintainability", 3) == (1, 1)
    without = [row for row in made if row.sample.solution != LOOP.strip()]
    assert label_agreement.judge(without)[-1].kind == "filtered"


def test_the_table_is_in_the_data_set_and_the_pairs_are_labelled_anew(written):
    made, _ = judged(written, pair(LONG, CALL))
    one = recipe()
    rows = one.rows(ASKED, made)
    assert "of 1 given pairs: 1 have two different programs that pass" in rows.notes[0]
    assert [item.chosen[0].content for item in rows.pairs] == [fenced(CALL)]
    built = BuiltDataset(ASKED, [], made, rows)
    (row,) = csv.DictReader(io.StringIO(one.files(built)[label_agreement.FILE]))
    assert (row["where"], row["kind"]) == ("pairs.jsonl:1", "compared")
    assert row["label_by_structural_maintainability"] == "worse"
    assert float(row["structural_maintainability_chosen"]) < float(row["structural_maintainability_rejected"])
    card = one.card(built)
    assert "agrees in 0 of 1" in card
    assert "| structural_maintainability | 0 | 0 | 1 | 0 |" in card
    assert label_agreement.FILE not in one.files(BuiltDataset(ASKED, [], [graded(CALL), graded(LONG)], rows))
