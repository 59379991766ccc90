"""Further benchmarks and guards: from the settings to the problems that check writes, and to what the gate asks."""

import json
from pathlib import Path

import pytest

from codekiln.data.folders import Dataset, write_dataset
from codekiln.data.records import Graded, Problem, Sample
from codekiln.errors import InputErrors
from codekiln.evaluation.criteria import Criterion
from codekiln.settings.resolve import resolve
from codekiln.stages import benchmarks
from codekiln.stages.evaluate_shards import EvaluateShards
from codekiln.stages.runner import run_check, run_stage

DATA = Path(__file__).parents[1] / "data" / "problems"
SMALL = ("problems.train=40", "problems.evaluation=30", "evaluate.n=1", "evaluation.k=[1]")


@pytest.fixture(autouse=True)
def tracking(uri, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)


def settings(*overrides, recipe="maintainability"):
    return resolve("laptop", {"recipe": recipe}, [*SMALL, *overrides])


def own_problems(path: Path, count: int, **fields) -> Path:
    rows = [
        {"task_id": f"t/{number}", "prompt": f"Add {number}.", "tests": [f"assert f(1) == {number + 1}"],
         "reference": f"def f(x):\n    return x + {number}\n", **fields}
        for number in range(count)
    ]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def evaluation_problems(check: Path) -> list[Problem]:
    return Dataset(check / "evaluation_problems", Problem).rows()


def test_check_adds_the_problems_of_every_benchmark(tmp_path, capsys):
    source = own_problems(tmp_path / "own.jsonl", 40)
    chosen = settings(
        f'evaluation.benchmark=[{{name="own", source="{source}"}}, '
        f'{{name="he", source="{DATA / "HumanEval.jsonl.gz"}", problems=12, role="advisory"}}]'
    )
    manifest = run_check(chosen, tmp_path / "check")
    rows = evaluation_problems(tmp_path / "check")
    assert [len(benchmarks.of(rows, name)) for name in ("", "own", "he")] == [30, 40, 12]
    assert all(row.task_id.startswith("he/") for row in benchmarks.of(rows, "he"))
    assert {"evaluation": 30.0, "own": 40.0, "he": 12.0}.items() <= manifest.summary.figures.items()
    assert manifest.summary.notes["benchmark own"].startswith("40 problems, 1 samples each: pass@1 is compared")
    assert "too few for the gate" in manifest.summary.notes["benchmark he"]
    assert "check: benchmark own: 40 problems" in capsys.readouterr().out


def test_part_of_a_benchmark_is_chosen_by_the_seed_and_not_from_its_start(tmp_path):
    source = own_problems(tmp_path / "own.jsonl", 100)
    bench = f'evaluation.benchmark=[{{name="own", source="{source}", problems=30}}]'
    first, again, other = (
        [row.task_id for row in benchmarks.read_benchmarks(settings(bench, seed))[0]]
        for seed in ("seed=0", "seed=0", "seed=1")
    )
    assert first == again != other
    assert first != [f"own/t/{number}" for number in range(30)]


def test_training_problems_that_a_benchmark_has_are_turned_away(tmp_path):
    run_check(settings(), tmp_path / "before")
    train = Dataset(tmp_path / "before" / "train_problems", Problem).rows()
    leaked = train[:3]
    source = own_problems(tmp_path / "own.jsonl", 30)
    with source.open("a") as file:
        for row in leaked:
            file.write(row.model_dump_json() + "\n")
    chosen = settings(f'evaluation.benchmark=[{{name="own", source="{source}"}}]')
    manifest = run_check(chosen, tmp_path / "check")
    kept = {row.task_id for row in Dataset(tmp_path / "check" / "train_problems", Problem).rows()}
    assert kept.isdisjoint(row.task_id for row in leaked)
    assert sum(count for reason, count in manifest.summary.rejected.items() if reason.endswith("-own")) >= 3


def test_programs_that_nearly_repeat_a_benchmark_are_turned_away_by_filter(tmp_path):
    """A teacher writes them, so that no check of training problems sees them."""
    run_check(settings(), tmp_path / "before")
    train = Dataset(tmp_path / "before" / "train_problems", Problem).rows()
    copied = train[0]
    other = {"reference": f"import os\n{copied.reference}"}
    # Another prompt, so that the problem itself stays; its program is the reference of a benchmark's problem.
    source = own_problems(tmp_path / "own.jsonl", 30)
    with source.open("a") as file:
        twin = copied.model_copy(update={"task_id": "twin", "prompt": "Something else.", "group": None, **other})
        file.write(twin.model_dump_json() + "\n")
    chosen = settings(f'evaluation.benchmark=[{{name="own", source="{source}"}}]')
    run_check(chosen, tmp_path / "check")
    written = [Sample(task_id=copied.task_id, solution=other["reference"], model="t", seed=0)]
    write_dataset(tmp_path / "generate" / "samples", written, Sample)
    manifest, _ = run_stage("filter", tmp_path / "check", {"samples": tmp_path / "generate"}, tmp_path / "filter")
    assert manifest.summary.rejected["contaminated-solution"] == 1
    published = (tmp_path / "filter" / "dataset" / "evaluation.jsonl").read_text().splitlines()
    assert len(published) == 30


def test_a_critical_benchmark_that_can_never_be_judged_is_refused_and_an_advisory_one_is_not(tmp_path):
    source = own_problems(tmp_path / "own.jsonl", 29)
    bench = f'evaluation.benchmark=[{{name="own", source="{source}"%s}}]'
    with pytest.raises(InputErrors, match="29 problems, where the gate needs 30") as refused:
        run_check(settings(bench % ""), tmp_path / "check")
    assert 'role = "advisory"' in str(refused.value)
    run_check(settings(bench % ', role="advisory"'), tmp_path / "check")
    guard = 'evaluation.guard=[{measure="lines", benchmark="own", tolerance=1}]'
    with pytest.raises(InputErrors, match="29 problems, where the gate needs 30"):
        run_check(settings(bench % ', role="advisory"', guard), tmp_path / "check")


def test_problems_are_read_again_when_a_benchmark_changes(tmp_path):
    source = own_problems(tmp_path / "own.jsonl", 40)
    chosen = settings(f'evaluation.benchmark=[{{name="own", source="{source}"}}]')
    run_check(chosen, tmp_path / "check")
    own_problems(source, 35)
    run_check(chosen, tmp_path / "check")
    assert len(benchmarks.of(evaluation_problems(tmp_path / "check"), "own")) == 35


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ('benchmark=[{name="a", source="x"}, {name="a", source="y"}]', "two benchmarks are called a"),
        ('benchmark=[{name="A b", source="x"}]', "should match pattern"),
        ('benchmark=[{name="a", source=""}]', "at least 1 character"),
        ('benchmark=[{name="a", source="x", rule="critical"}]', "unknown key 'rule'"),
        ('guard=[{measure="lines", tolerance=1, benchmark="b"}]', "there is no benchmark 'b'; known: none"),
        ('guard=[{measure="linse", tolerance=1}]', "there is no measure 'linse'"),
        ('guard=[{measure="pass@7", tolerance=0.1}]', "there is no measure 'pass@7'"),
        ('guard=[{measure="lines", tolerance=-1}]', "greater than or equal to 0"),
    ],
)
def test_mistakes_are_refused(override, said):
    with pytest.raises(InputErrors, match=said):
        settings(f"evaluation.{override}")


def test_a_missing_source_is_named(tmp_path):
    chosen = settings('evaluation.benchmark=[{name="a", source="nowhere.jsonl"}]')
    with pytest.raises(InputErrors, match=r"nowhere\.jsonl"):
        run_check(chosen, tmp_path / "check")


def test_the_gate_asks_for_benchmarks_and_guards_in_their_own_direction():
    chosen = settings(
        'evaluation.benchmark=[{name="he", source="x", tolerance=0.05, role="advisory"}]',
        'evaluation.guard=[{measure="cognitive_complexity", tolerance=1}, '
        '{measure="comment_ratio", benchmark="he", tolerance=5, role="advisory"}]',
    )
    assert benchmarks.criteria(chosen) == (
        Criterion(measure="pass@1", benchmark="he", role="advisory", tolerance=0.05),
        Criterion(measure="cognitive_complexity", tolerance=1, direction="lower"),
        Criterion(measure="comment_ratio", benchmark="he", role="advisory", tolerance=5, direction="none"),
    )


def test_a_recipe_with_measures_of_its_own_guards_programming_too(tmp_path):
    """Replies to a benchmark are graded as programs, although the recipe grades its own replies otherwise."""
    chosen = settings(
        f'evaluation.benchmark=[{{name="he", source="{DATA / "HumanEval.jsonl.gz"}", tolerance=0.5}}]', recipe="student"
    )
    rows = benchmarks.read_benchmarks(chosen)[0]
    write_dataset(tmp_path / "problems", rows, Problem)
    written = {}
    for name, code in (("base", lambda row: row.reference), ("sft", lambda row: "x = 1")):
        samples = [Sample(task_id=row.task_id, solution=code(row), model=name, seed=0) for row in rows]
        write_dataset(tmp_path / name, samples, Sample)
        written[name] = Dataset(tmp_path / name, Sample)
    chosen = chosen.model_copy(update={"evaluation": chosen.evaluation.model_copy(update={"k": (1,)})})
    found = EvaluateShards(chosen, tmp_path / "problems", tmp_path / "graded", "evaluate", "he").evaluate(written)
    passed = {name: values["pass@1"].mean for name, values in found.contenders.items()}
    assert passed == {"base": 1.0, "sft": 0.0}
    assert {name: len(Dataset(tmp_path / "graded" / name, Graded)) for name in written} == {"base": 30, "sft": 30}


def test_problems_are_asked_as_the_recipe_asks(tmp_path):
    source = own_problems(tmp_path / "own.jsonl", 30)
    bench = f'evaluation.benchmark=[{{name="own", source="{source}"}}]'
    rows, _ = benchmarks.read_benchmarks(settings(bench, "recipes.maintainability.system=Be brief."))
    assert {row.messages[0].content for row in rows} == {"Be brief."}


def test_a_source_does_not_say_which_benchmark_its_rows_are_of(tmp_path):
    """Such as the evaluation problems of an earlier run: otherwise they would leave the main set."""
    source = own_problems(tmp_path / "own.jsonl", 60, benchmark="x")
    chosen = settings("problems.source=" + str(source), "problems.evaluation_fraction=0.6", "problems.train=10")
    run_check(chosen, tmp_path / "check")
    assert {row.benchmark for row in evaluation_problems(tmp_path / "check")} == {""}
