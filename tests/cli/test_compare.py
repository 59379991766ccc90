import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from codekiln.cli import main
from codekiln.stages.base import code_version

PROBLEMS = 32
LOOP = "def f(x):\n    total = x\n    for step in range({n}):\n        total = total + 1\n    return total\n"
SHORT = "def f(x):\n    # adds {n}\n    return x + {n}\n"
SAME = "def f(x):\n    {extra}result = x + {n}\n    return result\n"
WRONG = "def f(x):\n    return x - {n} - 1\n"


def row(n, text, **more):
    return {"task_id": f"Add/{n}", "solution": text.format(n=n, extra="y = 2 * x\n    " * (n % 3)), **more}


def rows(*texts):
    return [row(n, text, seed=seed) for seed, text in enumerate(texts) for n in range(PROBLEMS)]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with problems and the samples of four contenders, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    problems = [
        {"task_id": f"Add/{n}", "prompt": f"Write f(x) that adds {n}.", "entry_point": "f",
         "tests": [{"call": [1], "expect": 1 + n}, f"assert f(5) == {5 + n}"]}
        for n in range(PROBLEMS + 1)
    ]  # fmt: skip
    write("problems.jsonl", problems)
    write("base.jsonl", rows(LOOP, SAME))
    write("better.jsonl", rows(SHORT, SAME))
    write("wrong.jsonl", rows(SHORT, WRONG))
    return tmp_path


def write(path, rows):
    Path(path).write_text("".join(json.dumps(row) + "\n" for row in rows))


def compare(*words, out="out") -> Result:
    # So few problems cannot rule out a fall by less, even where no value differs.
    command = ["compare", "--problems", "problems.jsonl", *words, "--out", out, "--workers", "1", "--tolerance", "0.2"]
    return CliRunner().invoke(main, command)


def results(out="out"):
    return json.loads(Path(out, "results.json").read_text())


def figures(out="out"):
    """Return the results without the files that they come from."""
    return {key: value for key, value in results(out).items() if key != "provenance"}


def error(*words, out="out") -> str:
    """Return the error of a command that a user gets wrong; nothing is graded then."""
    done = compare(*words, out=out)
    assert done.exit_code == 2, done.output
    assert not Path(out, "graded").exists()
    return done.stderr


def test_a_better_candidate_is_promoted(here):
    done = compare("base=base.jsonl", "wrong=wrong.jsonl", "better=better.jsonl")
    assert done.exit_code == 0, done.output
    found = results()
    assert {"contenders", "comparisons", "strata", "gate"} <= set(found)
    assert list(found["contenders"]) == ["base", "wrong", "better"]
    assert found["contenders"]["wrong"]["pass@1"]["mean"] == 0.5
    assert {"structural_maintainability", "maintainability_index", "lines"} < set(found["contenders"]["base"])
    assert found["gate"]["promoted"] is True
    assert found["gate"]["sentence"].startswith("promoted: better beats base")
    assert found["contenders"]["wrong"]["structural_maintainability, all samples"]["mean"] is not None
    assert found["gate"]["sentence"] in done.stdout
    assert f"{PROBLEMS} of {PROBLEMS + 1} problems have samples" in done.stderr
    page = Path("out/report.html").read_text()
    assert "better against base" in page
    assert "no model was trained on" not in page
    assert page.count('<article class="card example">') == 5
    assert page.count("<h4>base, unchanged</h4>") == page.count("<h4>better</h4>") == 5


@pytest.fixture
def several(here):
    """A comparison of two files, and of a file and a folder of programs."""
    for n in range(PROBLEMS):
        Path(f"programs/Add_{n}").mkdir(parents=True)
        for number, text in enumerate((SHORT, SAME)):
            Path(f"programs/Add_{n}/{number}.py").write_text(text.format(n=n, extra=""))
    return ["base=base.jsonl", "base=wrong.jsonl", "better=better.jsonl", "better=programs", "--k", "2"]


def test_the_results_say_what_they_rest_on(several):
    found = results_of(*several)
    assert set(found) == {"base_model", "recipe", "seed", "settings", "versions", "digests"}
    assert found["base_model"] is found["recipe"] is None
    settings = {"problems": "problems.jsonl", "metric": "structural_maintainability", "tolerance": 0.2}
    assert found["settings"] == {**settings, "k": [1, 2], "samples": 4}
    assert found["versions"]["codekiln"] == code_version()
    assert {"Python", "radon", "complexipy", "ruff"} < set(found["versions"])
    page = Path("out0/report.html").read_text()
    lineage = page[page.index('id="lineage"') : page.index("How to read this")]
    assert "stage" not in lineage
    digests = found["digests"]
    for name, what, digest in (
        ("base.jsonl", "samples of base", digests["samples"]["base"]["base.jsonl"]),
        ("programs", "samples of better", digests["samples"]["better"]["programs"]),
        ("problems.jsonl", "problems", digests["problems"]),
    ):
        assert f'<th scope="row">{what}</th><td>{name}</td>' in lineage
        assert digest[:12] in lineage


def test_digests_change_with_files_and_problems(several):
    found = results_of(*several)["digests"]
    assert found["samples"]["base"] == {
        name: hashlib.sha256(Path(name).read_bytes()).hexdigest() for name in ("base.jsonl", "wrong.jsonl")
    }
    Path("programs/Add_0/0.py").rename("programs/Add_0/7.py")
    changed = results_of(*several)["digests"]
    assert changed["problems"] == found["problems"]
    assert changed["samples"]["base"] == found["samples"]["base"]
    assert changed["samples"]["better"]["better.jsonl"] == found["samples"]["better"]["better.jsonl"]
    assert changed["samples"]["better"]["programs"] != found["samples"]["better"]["programs"]
    lines = Path("problems.jsonl").read_text().splitlines()
    write("problems.jsonl", [{**json.loads(line), "stratum": "s"} for line in lines])
    assert results_of(*several)["digests"]["problems"] != found["problems"]


def results_of(*words):
    """Return the provenance of the same comparison in another folder."""
    out = f"out{len(list(Path().glob('out*')))}"
    assert compare(*words, out=out).exit_code == 0
    return results(out)["provenance"]


def test_a_candidate_that_passes_less_is_refused(here):
    done = compare("base=base.jsonl", "better=better.jsonl", "wrong=wrong.jsonl", "--json")
    assert done.exit_code == 4, done.output
    assert json.loads(done.stdout) == results()
    assert results()["gate"]["sentence"].startswith("not promoted: wrong: against base, ")
    done = compare("base=base.jsonl", "wrong=wrong.jsonl", "better=better.jsonl", "--candidate", "wrong", out="named")
    assert done.exit_code == 4
    assert results("named")["gate"] == results()["gate"]


def test_a_contender_called_champion_has_to_be_beaten_too(here):
    done = compare("base=base.jsonl", "champion=better.jsonl", "again=better.jsonl")
    assert done.exit_code == 4
    assert "against champion, structural_maintainability changes by +0" in results()["gate"]["sentence"]


def test_the_base_may_be_named(here):
    done = compare("better=better.jsonl", "old=base.jsonl", "--base", "old")
    assert done.exit_code == 0, done.output
    assert results()["gate"]["sentence"].startswith("promoted: better beats old")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["base=base.jsonl", "better=better.jsonl", "--base", "bass"], "--base: no contender 'bass'\n  fix: did you"),
        (["base=base.jsonl", "better=better.jsonl", "--candidate", "x"], "--candidate: no contender 'x'"),
        (["base=base.jsonl", "better=better.jsonl", "--base", "better", "--candidate", "better"], "against itself"),
        (["base=base.jsonl"], "'base' has nothing to beat"),
        (["base=base.jsonl", "better.jsonl"], "'better.jsonl' is not NAME=SAMPLES"),
        (["base=base.jsonl", "../better=better.jsonl"], "'../better=better.jsonl' is not NAME=SAMPLES"),
        (["base=base.jsonl", "dpo=no.jsonl"], "no.jsonl: no such file"),
        (["base=base.jsonl", "dpo=better.jsonl", "dpo=better.jsonl"], "dpo=better.jsonl: is given twice"),
        (["base=base.jsonl", "dpo=better.jsonl", "--metric", "lins"], "no metric 'lins'"),
        (["base=base.jsonl", "dpo=better.jsonl", "--metric", "lines, all samples"], "no metric 'lines, all samples'"),
        (["base=base.jsonl", "dpo=better.jsonl", "--metric", "pass@x"], "no measure 'pass@x'"),
        (["base=base.jsonl", "dpo=better.jsonl", "--metric", "comment_ratio"], "neither more nor less"),
        (["base=base.jsonl", "dpo=better.jsonl", "--metric", "pass@2"], "'pass@2' is not measured\n  fix: add --k 2"),
        (["base=base.jsonl", "dpo=better.jsonl", "--k", "3"], "pass@3 needs 3 samples of each problem, 'base' has 2"),
        (["base=base.jsonl", "dpo=better.jsonl", "--against", "base"], "--against: is for the folder of a run"),
    ],
)
def test_a_mistake_is_one_message(here, words, message):
    said = error(*words)
    assert message in said.replace(str(here) + os.sep, "")
    assert "fix: " in said


def test_options_that_are_missing_are_named(here):
    for words, where in (
        (["compare", "base=base.jsonl", "dpo=better.jsonl", "--out", "out"], "--problems"),
        (["compare", "base=base.jsonl", "dpo=better.jsonl", "--problems", "problems.jsonl"], "--out"),
        (["compare", "nowhere"], "nowhere: no such folder"),
    ):
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 2
        assert where in done.stderr


def test_a_problem_that_a_contender_lacks_is_named_with_its_file(here):
    write("few.jsonl", rows(SHORT, SAME)[2:])
    write("few.jsonl", [each for each in rows(SHORT, SAME) if each["task_id"] not in ("Add/3", "Add/30")])
    said = error("base=base.jsonl", "few=few.jsonl")
    assert "few.jsonl: 'few' has no samples of 2 problems that 'base' has samples of: Add/3, Add/30" in said
    write("odd.jsonl", [*rows(SHORT, SAME), {"task_id": "Sub/1", "solution": "x"}])
    assert f"odd.jsonl:{2 * PROBLEMS + 1}.task_id: no problem is called 'Sub/1'" in error(
        "base=base.jsonl", "odd=odd.jsonl"
    )


def test_every_bad_file_is_reported_at_once(here):
    write("one.jsonl", [{"task_id": "Add/1"}])
    Path("two.jsonl").write_text("{")
    said = error("base=one.jsonl", "better=two.jsonl")
    assert "one.jsonl:1" in said
    assert "two.jsonl:1: not JSON" in said


def test_the_first_samples_count_where_numbers_differ(here):
    write("more.jsonl", [*rows(SHORT, SAME), *rows(WRONG), row(0, WRONG)])
    done = compare("base=base.jsonl", "more=more.jsonl")
    assert done.exit_code == 0, done.output
    assert "samples per problem: base 2, more 3 to 4; the first 2 of each problem are compared" in done.stderr
    assert compare("base=base.jsonl", "more=better.jsonl", out="cut").exit_code == 0
    assert figures() == figures("cut")


def test_a_name_given_again_adds_a_run(here):
    for number, text in enumerate((SHORT, SAME), 1):
        write(f"run{number}.jsonl", rows(text))
    assert compare("base=base.jsonl", "better=run1.jsonl", "better=run2.jsonl").exit_code == 0
    assert compare("base=base.jsonl", "better=better.jsonl", out="one").exit_code == 0
    assert figures() == figures("one")


def test_the_order_of_samples_changes_no_digit(here):
    shuffled = rows(SHORT, SAME)
    random.Random(0).shuffle(shuffled)
    write("shuffled.jsonl", shuffled)
    assert compare("base=base.jsonl", "better=shuffled.jsonl").exit_code == 0
    assert compare("base=base.jsonl", "better=better.jsonl", out="sorted").exit_code == 0
    assert figures() == figures("sorted")


def test_stored_outputs_of_a_study_are_read_as_they_are(here):
    """A JSON array with the ids of the benchmark and several replies to a problem, in fences; and chat replies."""
    stored = [
        {"task_id": n, "generated_sequences": [f"```python\n{text.format(n=n, extra='')}```" for text in (SHORT, SAME)]}
        for n in range(PROBLEMS)
    ]
    Path("run_1.json").write_text(json.dumps(stored, indent=4))
    write("chat.jsonl", [
        {"task_id": f"add_{n:03}", "response": f"Sure!\n```python\n{text.format(n=n, extra='')}```\nDone."}
        for text in (LOOP, SAME) for n in range(PROBLEMS)
    ])  # fmt: skip
    assert compare("base=chat.jsonl", "dpo=run_1.json").exit_code == 0
    assert results()["contenders"]["dpo"]["pass@1"]["mean"] == results()["contenders"]["base"]["pass@1"]["mean"] == 1


def test_pass_at_k_as_the_target(here):
    assert compare("wrong=wrong.jsonl", "better=better.jsonl", "--metric", "pass@1", "--k", "2").exit_code == 0
    assert set(results()["contenders"]["wrong"]) >= {"pass@1", "pass@2"}
    assert "better beats wrong on pass@1" in results()["gate"]["sentence"]


def test_a_changed_file_is_not_mixed_with_old_verdicts(here):
    assert compare("base=base.jsonl", "better=better.jsonl").exit_code == 0
    write("better.jsonl", rows(WRONG, WRONG))
    done = compare("base=base.jsonl", "better=better.jsonl")
    assert done.exit_code == 2
    assert "better-1.jsonl: belongs to other problems, samples" in done.stderr
    assert "give another --output" in done.stderr


def test_a_killed_comparison_goes_on(here):
    write("long.jsonl", rows(*(f"# {number}\n{SHORT}" for number in range(40))))
    words = ["compare", "--problems", "problems.jsonl", "base=long.jsonl", "better=better.jsonl", "--workers", "2"]
    scores = Path("out/graded/base-1.jsonl.scores")
    command = [sys.executable, "-m", "codekiln", *words, "--out", "out"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: process.poll() is not None or (scores.exists() and scores.read_bytes().count(b"\n") > 100))
    assert process.poll() is None, "it was done before it was killed"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    scores.write_bytes(scores.read_bytes()[:-3])
    kept = scores.read_bytes().count(b"\n") - 1
    done = CliRunner().invoke(main, [*words, "--out", "out"])
    assert done.exit_code in (0, 4), done.output
    left = 40 * PROBLEMS - kept
    assert f"score: {left}/{left} samples" in done.stderr or left < 100  # a few are scored without a word
    assert CliRunner().invoke(main, [*words, "--out", "whole"]).exit_code == done.exit_code
    assert results() == results("whole")


def wait_for(condition, seconds=90.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def with_benchmark(*words, out="out"):
    """Compare with a benchmark of the same problems under other ids, which ``base`` solves."""
    problems = [json.loads(line) for line in Path("problems.jsonl").read_text().splitlines()]
    write("plus.jsonl", [{**row, "task_id": row["task_id"].replace("Add", "Plus")} for row in problems])
    for name in ("base", "better", "wrong"):
        lines = Path(f"{name}.jsonl").read_text().replace("Add/", "Plus/")
        Path(f"plus-{name}.jsonl").write_text(lines)
    return compare("base=base.jsonl", "dpo=better.jsonl", "--benchmark", "plus=plus.jsonl", *words, out=out)


def test_a_further_benchmark_is_graded_and_has_to_hold(here):
    kept = with_benchmark("base@plus=plus-base.jsonl", "dpo@plus=plus-better.jsonl")
    assert kept.exit_code == 0, kept.output
    assert "pass@1 on plus" in kept.stdout
    written = results()
    assert written["benchmarks"]["plus"]["contenders"]["dpo"]["pass@1"]["mean"] == 1.0
    assert [check["benchmark"] for check in written["gate"]["checks"]][-1] == "plus"
    assert set(written["provenance"]["digests"]["benchmarks"]["plus"]["samples"]) == {"base", "dpo"}
    page = Path("out", "report.html").read_text()
    assert "Further benchmarks" in page
    assert '<th scope="row">plus: samples of dpo</th><td>plus-better.jsonl</td>' in page
    fallen = with_benchmark("base@plus=plus-base.jsonl", "dpo@plus=plus-wrong.jsonl", out="fallen")
    assert fallen.exit_code == 4
    assert "against base, pass@1 on plus changes by -0.500" in fallen.stdout
    words = ("base@plus=plus-base.jsonl", "dpo@plus=plus-wrong.jsonl", "--advisory", "plus")
    advisory = with_benchmark(*words, out="advisory")
    assert advisory.exit_code == 0
    assert "advisory, against base: pass@1 on plus changes by -0.500" in advisory.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("base@plus=plus-base.jsonl",), "'dpo' has no samples on it"),
        (("base@other=plus-base.jsonl",), "no benchmark 'other'"),
        (
            ("base@plus=plus-base.jsonl", "dpo@plus=plus-better.jsonl", "new@plus=plus-wrong.jsonl"),
            "'new' has samples on it, and none of the main problems",
        ),
        (("--advisory", "plsu"), "no benchmark 'plsu'"),
        (("--benchmark", "plus=x.jsonl"), "each name once"),
        (("--benchmark", "x"), "is not NAME=PROBLEMS"),
    ],
)
def test_mistakes_about_benchmarks_are_refused(here, words, said):
    done = with_benchmark(*words)
    assert done.exit_code == 2
    assert said in str(done.exception) + done.output
