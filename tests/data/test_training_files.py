"""Training files of others: every form is recognised, and every fault is named with its place.

The rows are written after TRL's "Dataset formats and types", LLaMA-Factory's data/README.md, Stanford Alpaca's
README.md, and OpenAI's guides to supervised fine-tuning and direct preference optimisation.
"""

import gzip
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codekiln.data.near_duplicates import similar_pairs
from codekiln.data.records import Problem
from codekiln.data.training_files import FileReport, check_file, near_twins, twins
from codekiln.data.training_files.checks import Leaks
from codekiln.data.training_files.findings import KINDS, SHOWN
from codekiln.data.training_files.forms import FORMS, form_of, read_row

TASK, GOOD, BAD = "Write f(x) that adds one.", "def f(x):\n    return x + 1\n", "def f(x):\n    return x - 1\n"


def user(text):
    return {"role": "user", "content": text}


def assistant(text):
    return {"role": "assistant", "content": text}


def human(text):
    return {"from": "human", "value": text}


def gpt(text):
    return {"from": "gpt", "value": text}


def pair_rows(task, good, bad):
    """Return a preference pair in each form, by the form's name."""
    return {
        "OpenAI preference": {
            "input": {"messages": [user(task)], "tools": [], "parallel_tool_calls": True},
            "preferred_output": [assistant(good)],
            "non_preferred_output": [assistant(bad)],
        },
        "ShareGPT preference": {
            "conversations": [human("Hello"), gpt("Hi."), human(task)],
            "chosen": gpt(good),
            "rejected": gpt(bad),
        },
        "Alpaca preference": {"instruction": task, "input": "", "chosen": good, "rejected": bad},
        "TRL preference, messages": {
            "prompt": [user(task)],
            "chosen": [assistant(good)],
            "rejected": [assistant(bad)],
        },
        "TRL preference, text": {"prompt": task, "chosen": good, "rejected": bad},
        "TRL preference without a prompt, messages": {
            "chosen": [user(task), assistant(good)],
            "rejected": [user(task), assistant(bad)],
        },
        "TRL preference without a prompt, text": {"chosen": f"{task}\n{good}", "rejected": f"{task}\n{bad}"},
    }


def single_rows(task, good):
    """Return a row with one reply in each form, by the form's name."""
    system = {"role": "system", "content": "You write Python."}
    return {
        "ShareGPT": {"conversations": [human(task), gpt(good)], "system": "You write Python.", "tools": ""},
        "Alpaca": {"instruction": task, "input": "x is a number.", "output": good, "history": [["Hello", "Hi."]]},
        "input-output (NVIDIA)": {"id": "a", "input": task, "output": good, "solution": good, "source": "taco"},
        "TRL prompt-completion, messages": {"prompt": [user(task)], "completion": [assistant(good)]},
        "TRL prompt-completion, text": {"prompt": task, "completion": good},
        "chat messages (OpenAI chat completions, TRL)": {"messages": [system, user(task), assistant(good)]},
    }


PAIRS, SINGLES = pair_rows(TASK, GOOD, BAD), single_rows(TASK, GOOD)
MIXED = [
    ("TRL preference, messages and text mixed", {"prompt": [user(TASK)], "chosen": GOOD, "rejected": BAD}),
    ("TRL preference, messages and text mixed", {"prompt": TASK, "chosen": [assistant(GOOD)], "rejected": BAD}),
    ("TRL preference, messages and text mixed", {"prompt": TASK, "chosen": GOOD, "rejected": [assistant(BAD)]}),
    ("TRL prompt-completion, messages and text mixed", {"prompt": [user(TASK)], "completion": GOOD}),
]


def write(path: Path, rows) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def checked(path: Path, *more) -> FileReport:
    report = FileReport()
    check_file(path, report, [make(report.findings) for make in more])
    return report


def found(report: FileReport) -> dict[str, list[str]]:
    """Return what was found: the numbers of lines by kind."""
    return {
        finding.kind: [where.rsplit(":")[-1] for where, _ in finding.places][: finding.count]
        for finding in report.findings
    }


@pytest.fixture
def of(tmp_path):
    """Returns what is found in a file of rows."""
    return lambda *rows, more=(): found(checked(write(tmp_path / "rows.jsonl", rows), *more))


def test_every_form_has_an_example_here():
    assert {form.name for form in FORMS} == {*PAIRS, *SINGLES, *(name for name, _ in MIXED)}


@pytest.mark.parametrize(("name", "row"), MIXED)
def test_rows_of_messages_and_text_are_an_error_that_is_read(name, row, tmp_path):
    """The published pairs are so, and TRL trained them without their prompt."""
    report = checked(write(tmp_path / "rows.jsonl", [row]))
    assert (report.form, found(report)) == (name, {"mixed-types": ["1"]})
    (finding,) = report.findings
    assert "prompt" in finding.places[0][1]
    assert "text" in finding.places[0][1]
    read = read_row(form_of(row), row, "rows.jsonl:1")
    assert read.prompt == read_row(form_of(PAIRS["TRL preference, text"]), PAIRS["TRL preference, text"], "x:1").prompt
    assert read.replies == (GOOD, BAD)[: len(row) - 1]


@pytest.mark.parametrize(("name", "row"), [*PAIRS.items(), *SINGLES.items()])
def test_a_form_is_recognised_and_read(name, row, tmp_path):
    report = checked(write(tmp_path / "rows.jsonl", [row]))
    assert (report.form, report.rows, found(report)) == (name, 1, {})
    read = read_row(form_of(row), row, "rows.jsonl:1")
    assert read.question.startswith(TASK)
    assert read.is_pair == (name in PAIRS)
    if "without a prompt, text" not in name:
        assert read.replies == ((GOOD, BAD) if read.is_pair else (GOOD,))


def test_what_a_conversation_says_is_read_whole():
    openai = {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "run", "arguments": "{}"}}]}
    parts = user([{"type": "text", "text": TASK}, {"type": "image_url", "image_url": {}}])
    turns = [{"role": "developer", "content": "x"}, parts, openai, {"role": "tool", "content": "2"}, assistant(GOOD)]
    read = read_row(form_of({"messages": turns}), {"messages": turns}, "f:1")
    assert [turn.role for turn in read.prompt] == ["system", "user", "call", "tool"]
    assert (read.question, read.replies) == (f"{TASK}\nimage_url", (GOOD,))
    alpaca = SINGLES["Alpaca"]
    read = read_row(form_of(alpaca), alpaca, "f:1")
    assert [turn.text for turn in read.prompt] == ["Hello", "Hi.", f"{TASK}\nx is a number."]
    nulls = {**PAIRS["TRL preference, text"], "messages": None, "instruction": None}
    assert form_of(nulls).name == "TRL preference, text"


@pytest.mark.parametrize(
    ("row", "prompt", "form"),
    [
        ({"prompt": TASK, "response": GOOD}, [TASK], "TRL prompt-completion, text, as prompt, response"),
        ({"instruction": TASK, "response": GOOD}, [TASK], "TRL prompt-completion, text, as instruction, response"),
        ({"query": TASK, "answer": GOOD}, [TASK], "TRL prompt-completion, text, as query, answer"),
        ({"problem": TASK, "solution": GOOD, "seed": "x", "index": 1}, [TASK], "as problem, solution"),
        ({"instruction": TASK, "context": "x is 1.", "response": GOOD}, [f"{TASK}\nx is 1."], "instruction, response"),
        ({"system_prompt": "Be short.", "question": TASK, "response": GOOD}, ["Be short.", TASK], "question, response"),
        ({"system": "", "question": TASK, "answer": GOOD, "label": True}, [TASK], "answer, labelled (KTO)"),
        ({"system": "S", "question": TASK, "chosen": GOOD, "rejected": BAD}, ["S", TASK], "question, chosen, rejected"),
        ({"input": TASK, "chosen": GOOD, "rejected": BAD}, [TASK], "TRL preference, text, as input, chosen, rejected"),
        ({"system": "S", **PAIRS["TRL preference, text"]}, ["S", TASK], "TRL preference, text"),
        ({"question": TASK, "chosen": [assistant(GOOD)], "rejected": [assistant(BAD)]}, [TASK], "preference, messages"),
    ],
)
def test_prompt_and_reply_are_read_by_other_names(row, prompt, form):
    """Also of pairs, whose prompt would else be the letters that chosen and rejected begin with."""
    read = read_row(form_of(row), row, "f:1")
    assert form in form_of(row).name
    assert [turn.text for turn in read.prompt] == prompt
    assert read.replies == ((GOOD, BAD) if "chosen" in row else (GOOD,))


def test_fields_that_may_each_be_the_reply_are_named(tmp_path):
    rows = [{"problem": TASK, "solution": GOOD, "answer": "3"}, {"query": "", "answer": GOOD}]
    report = checked(write(tmp_path / "rows.jsonl", rows))
    assert found(report) == {"unknown-form": ["1"], "empty-prompt": ["2"]}
    assert "has answer and solution, each of which may be the reply" in next(iter(report.findings)).places[0][1]


def test_arrays_and_compressed_files_are_read_too(tmp_path):
    rows = [SINGLES["Alpaca"], {**SINGLES["Alpaca"], "output": ""}]
    array = tmp_path / "rows.json"
    array.write_text("\ufeff\n" + json.dumps(rows, indent=2), encoding="utf-8")
    (tmp_path / "rows.json.gz").write_bytes(gzip.compress(json.dumps(rows).encode()))
    for path in (array, tmp_path / "rows.json.gz"):
        report = checked(path)
        (finding,) = report.findings
        assert (report.form, report.rows) == ("Alpaca", 2)
        assert (finding.kind, finding.places) == ("empty-reply", [(f"{path}[1]", "the reply is empty")])


def test_files_that_cannot_be_read_to_the_end_are_named(tmp_path):
    whole = json.dumps([SINGLES["Alpaca"]] * 3)
    (tmp_path / "cut.json").write_text(whole[:-30])
    assert {"unreadable", "twin"} == set(found(checked(tmp_path / "cut.json")))
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(b"{}\n" * 9)[:-9])
    (tmp_path / "latin.jsonl").write_bytes(b'{"prompt": "\xe9"}\n')
    (tmp_path / "empty.jsonl").write_text("\n")
    assert "unreadable" in found(checked(tmp_path / "cut.jsonl.gz"))
    assert "unreadable" in found(checked(tmp_path / "latin.jsonl"))
    assert "no-rows" in found(checked(tmp_path / "empty.jsonl"))


TEXT, LISTS = PAIRS["TRL preference, text"], PAIRS["TRL preference, messages"]
IMPLICIT = PAIRS["TRL preference without a prompt, messages"]


def test_replies_may_be_lists_of_messages_where_the_prompt_is_a_text():
    read = _read(LISTS)
    assert read == _read({**LISTS, "prompt": TASK}) == _read({**IMPLICIT, "prompt": TASK})  # the last: UltraFeedback's
    assert [turn.text for turn in read.prompt] == [TASK]


def _read(row):
    return read_row(form_of(row), row, "rows.jsonl:1")


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ('{"prompt": ', "not-json"),
        ("{'prompt': 'x', 'chosen': None}", "not-json"),
        ([1], "not-an-object"),
        ({"text": "no reply"}, "unknown-form"),
        ({"prompt": TASK, "completion": GOOD, "label": 1}, "wrong-fields"),
        ({"instruction": TASK, "output": GOOD, "kto_tag": "false"}, "wrong-fields"),
        ({"prompt": TASK, "completion": GOOD, "label": "Yes"}, "wrong-fields"),
        ({"prompt": TASK, "completion": GOOD, "label": "rejected"}, "wrong-fields"),
        ({**TEXT, "label": True}, "wrong-fields"),
        ({**TEXT, "prompt": [user(TASK)]}, "mixed-types"),
        ({**LISTS, "prompt": 3}, "wrong-fields"),
        ({**TEXT, "rejected": None}, "wrong-fields"),
        ({"instruction": TASK, "output": 3}, "wrong-fields"),
        ({"messages": [user(TASK), {"role": "assistant", "content": None}]}, "wrong-fields"),
        ({**PAIRS["OpenAI preference"], "input": TASK}, "wrong-fields"),
        ({**TEXT, "prompt": " \n"}, "empty-prompt"),
        ({"input": "-", "output": GOOD}, "empty-prompt"),
        ({"messages": [user(""), assistant(GOOD)]}, "empty-prompt"),
        ({"chosen": "abc", "rejected": "xyz"}, "empty-prompt"),
        ({"chosen": [assistant(GOOD)], "rejected": [assistant(BAD)]}, "empty-prompt"),
        ({**TEXT, "rejected": "  "}, "empty-reply"),
        ({"messages": [user(TASK), assistant("")]}, "empty-reply"),
        ({"chosen": TASK + GOOD, "rejected": TASK}, "empty-reply"),
        ({"messages": [user(TASK)]}, "roles"),
        ({"messages": []}, "roles"),
        ({"messages": [user(TASK), user(TASK), assistant(GOOD)]}, "roles"),
        ({"messages": [assistant(GOOD), user(TASK), assistant(GOOD)]}, "roles"),
        ({"messages": [user(TASK), {"role": "system", "content": "x"}, assistant(GOOD)]}, "roles"),
        ({"messages": [user(TASK), assistant(GOOD), user(TASK)]}, "roles"),
        ({"messages": [{"role": "writer", "content": TASK}, assistant(GOOD)]}, "roles"),
        ({"prompt": [user(TASK), assistant("?")], "completion": [assistant(GOOD)]}, "roles"),
        ({"prompt": [user(TASK)], "chosen": IMPLICIT["chosen"], "rejected": IMPLICIT["rejected"]}, "roles"),
        ({**TEXT, "rejected": GOOD}, "tie"),
        ({"chosen": IMPLICIT["chosen"], "rejected": IMPLICIT["chosen"]}, "tie"),
        ({**TEXT, "rejected": f"```python\n{GOOD.replace('x', 'y')}```"}, "tie-normalised"),
        ({**TEXT, "rejected": GOOD.replace("\n", "  # one more\n")}, "tie-normalised"),
        ({**TEXT, "chosen": "It  is blue.", "rejected": "It is blue."}, "tie-normalised"),
    ],
)
def test_a_faulty_row_is_named(row, kind, of):
    assert of(SINGLES["Alpaca"], row).get(kind) == ["2"]


@pytest.mark.parametrize(("chosen", "rejected"), [("1", "2"), ("Yes", "No"), (GOOD, BAD), ("", "x")])
def test_replies_that_differ_are_no_tie(chosen, rejected, of):
    assert not {"tie", "tie-normalised"} & of({**TEXT, "chosen": chosen, "rejected": rejected}).keys()


def test_mixed_forms_are_counted_against_the_form_of_most_rows(tmp_path):
    others = [SINGLES["Alpaca"]] * (SHOWN + 5)
    path = write(tmp_path / "rows.jsonl", [*others, *[TEXT] * (SHOWN + 9), LISTS])
    report = checked(path)
    (mixed,) = [finding for finding in report.findings if finding.kind == "mixed-forms"]
    assert (report.form, mixed.count) == ("TRL preference, text", SHOWN + 6)
    assert mixed.places[0] == (f"{path}:1", "Alpaca")


def test_twins_and_reversed_pairs_are_found_with_the_row_they_repeat(tmp_path):
    opposite = {**TEXT, "chosen": BAD, "rejected": GOOD}
    other = {**TEXT, "prompt": "Write g."}
    report = checked(write(tmp_path / "rows.jsonl", [TEXT, other, TEXT, opposite, TEXT]))
    places = {finding.kind: [(where[-1], text) for where, text in finding.places] for finding in report.findings}
    assert places["twin"] == [("3", "as line 1"), ("5", "as line 1")]
    assert places["reversed"] == [("4", "as line 1")]


def program(number, body="total = total * item + {number}"):
    lines = "\n".join(f"        {body.format(number=number * 7 + step)}" for step in range(6))
    return f"def f{number}(items):\n    total = {number}\n    for item in items:\n{lines}\n    return total\n"


def test_near_twins_are_those_that_the_near_duplicate_rule_finds(tmp_path):
    rows = [{"prompt": f"Write number {number}.", "completion": program(number)} for number in range(40)]
    near = [{"prompt": row["prompt"], "completion": row["completion"] + "# more"} for row in rows[:10]]
    report = checked(write(tmp_path / "rows.jsonl", [*rows, *near]))
    texts = [f"{row['prompt']}\n{row['completion']}" for row in [*rows, *near]]
    wanted = sorted({later + 1 for first, later, _ in similar_pairs(texts, texts) if first < later})
    assert wanted == list(range(41, 51))
    (finding,) = report.findings
    assert (finding.kind, [int(where.rpartition(":")[2]) for where, _ in finding.places]) == ("near-twin", wanted)
    assert finding.places[0][1].startswith("as line 1 (0.9")


def test_near_twins_that_are_not_compared_are_said(tmp_path, monkeypatch, capsys):
    for module in (near_twins, twins):
        monkeypatch.setattr(module, "MOST_PAIRS", 3)
    rows = [{"prompt": "Write it.", "completion": f"{program(1)}# {number}"} for number in range(6)]
    (finding,) = checked(write(tmp_path / "rows.jsonl", rows)).findings
    assert (finding.kind, finding.count) == ("near-twin", 3)
    assert "only the first 3 pairs" in capsys.readouterr().err


REFERENCE = "def power_sum(n):\n    total = 0\n    for i in range(n):\n        total += i ** 4\n    return total\n"
JUDGED = Problem(task_id="e/1", prompt="Add up the fourth powers of all numbers that are below n.", reference=REFERENCE)


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        ({"prompt": JUDGED.prompt.upper(), "completion": GOOD}, "has the prompt of e/1"),
        ({"prompt": f"Please: {JUDGED.prompt} Do it in Python.", "completion": GOOD}, "quotes the prompt"),
        (
            {"prompt": TASK, "completion": f"```python\n{REFERENCE.replace('total', 't')}```"},
            "has the reference of e/1",
        ),
        (
            {"prompt": f"Sum{JUDGED.prompt[3:]}", "completion": REFERENCE.replace("return t", "return +t")},
            "nearly repeats",
        ),
        ({"prompt": TASK, "chosen": GOOD, "rejected": REFERENCE}, "has the reference of e/1"),
    ],
)
def test_rows_of_the_evaluation_set_are_found(row, detail, tmp_path):
    path = write(tmp_path / "rows.jsonl", [{"prompt": TASK, "completion": GOOD}, row])
    (finding,) = [item for item in checked(path, lambda to: Leaks(to, [JUDGED])).findings if item.kind == "leak"]
    assert finding.count == 1
    assert finding.places[0][0] == f"{path}:2"
    assert detail in finding.places[0][1]


def test_of_many_faults_the_first_are_kept_and_all_are_counted(tmp_path):
    (finding,) = checked(write(tmp_path / "rows.jsonl", ["no"] * 1000)).findings
    assert (finding.count, len(finding.places)) == (1000, SHOWN)
    assert all(what and fix for _, what, fix in KINDS.values())


# A dash alone stands for a prompt that is left out.
SAID = st.text(min_size=1, max_size=80).filter(lambda text: text.strip() not in ("", "-"))


@given(st.data())
@settings(max_examples=40)
def test_a_file_of_distinct_rows_of_any_form_is_sound(data):
    name = data.draw(st.sampled_from([*PAIRS, *SINGLES]))
    tasks = data.draw(st.lists(SAID, min_size=1, max_size=4, unique=True))
    good, bad = data.draw(st.tuples(SAID, SAID))
    # What follows the same task is told apart by its first letter, whatever is drawn.
    rows = [(pair_rows(task, f"A{good}", f"B{bad}") | single_rows(task, f"A{good}"))[name] for task in tasks]
    with tempfile.TemporaryDirectory() as folder:
        report = checked(write(Path(folder) / "rows.jsonl", rows))
    levels = {finding.kind for finding in report.findings if finding.level == "error"}
    assert (levels, report.form, report.rows) == (set(), name, len(rows))


MEASURED = """
import resource, sys
from pathlib import Path
from codekiln.data.training_files import FileReport, check_file, near_twins, twins
report = FileReport()
check_file(Path(sys.argv[1]), report)
assert report.rows == int(sys.argv[2]) and not list(report.findings), list(report.findings)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.slow
def test_memory_for_a_million_rows_is_below_a_gibibyte(tmp_path):
    peaks = []
    for count in (1_000, 100_000):
        with (tmp_path / f"{count}.jsonl").open("w") as file:
            for number in range(count):
                words = " ".join(f"{(number + 1) * place * 7919 % 100_003}" for place in range(1, 30))
                file.write(json.dumps({"prompt": f"Add {words}", "completion": words[::-1]}) + "\n")
        words = [sys.executable, "-c", MEASURED, str(tmp_path / f"{count}.jsonl"), str(count)]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout))
    assert peaks[0] + (peaks[1] - peaks[0]) * 1_000_000 / 99_000 < 2**30


@pytest.mark.parametrize("name", SINGLES)
@pytest.mark.parametrize("field", ["label", "kto_tag"])
def test_a_reply_may_be_labelled_in_every_form(name, field):
    row = {**SINGLES[name], field: False}
    form = form_of(row)
    assert form.name == f"{name}, labelled (KTO)"
    assert read_row(form, row, "x:1").label is False
    assert read_row(form_of(SINGLES[name]), SINGLES[name], "x:1").label is None


def test_a_label_of_other_data_is_no_label():
    row = {"prompt": TASK, "completion": GOOD, "label": "arithmetic"}
    assert form_of(row).label == ""


def test_labelled_replies_that_contradict_or_are_all_alike_are_named(tmp_path):
    rows = [{"prompt": TASK, "completion": reply, "label": label} for reply, label in ((GOOD, True), (BAD, False))]
    path = tmp_path / "rows.jsonl"

    def kinds(*chosen):
        path.write_text("".join(json.dumps(row) + "\n" for row in chosen))
        return {finding.kind: finding.places for finding in checked(path).findings}

    other = {"prompt": "Write k.", "completion": "k = [1, 2, 3]", "label": True}
    assert kinds(*rows, other) == {}
    assert kinds(*rows, {**rows[0], "label": False})["contradicted"] == [(f"{path}:3", "as line 1")]
    assert kinds(*rows, rows[1]) == {"twin": [(f"{path}:3", "as line 2")]}
    assert kinds(rows[0], other) == {"one-sided": [(f"{path}:1", "good")]}
