"""filter: one shard or many give the same rows, and an interrupted stage goes on at the shard where it was."""

import pytest

from codekiln import demo
from codekiln.data.folders import Dataset, write_dataset
from codekiln.data.records import Example, Graded, Labelled, Pair, Problem, Sample
from codekiln.errors import InputError
from codekiln.settings.resolve import resolve
from codekiln.stages import filter_shards, worker_pool
from codekiln.stages.base import StageContext
from codekiln.stages.configured import recipe_of, teacher_of
from codekiln.stages.filter import filter
from codekiln.stages.folder_validation import validate_folder

ROWS = {"graded": Graded, "examples": Example, "pairs": Pair, "labelled": Labelled}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Problems and candidates, one of which repeats an evaluation problem's reference."""
    folder = tmp_path_factory.mktemp("inputs")
    settings = resolve("laptop", {}, [])
    train, evaluation = demo.problems("train", count=12), demo.problems("eval", count=6)
    samples = [row for _, rows in recipe_of(settings).generate(train, teacher_of(settings)) for row in rows]
    write_dataset(folder / "train", train, Problem)
    write_dataset(folder / "evaluation", evaluation, Problem)
    write_dataset(folder / "generated" / "samples", samples, Sample)
    return {
        "train_problems": folder / "train",
        "evaluation_problems": folder / "evaluation",
        "samples": folder / "generated",
    }


def context(inputs, output, rows, *settings):
    return StageContext(
        resolve("laptop", {}, [f"shard_rows={rows}", "workers=2", *settings]), inputs, output, "filter", output
    )


def content(output):
    found = {name: Dataset(output / name, record).rows() for name, record in ROWS.items()}
    untimed = [row.verdict.model_copy(update={"cpu_seconds": 0.0}) for row in found["graded"]]
    rows = zip(found["graded"], untimed, strict=True)
    return found | {"graded": [row.model_copy(update={"verdict": verdict}) for row, verdict in rows]}


@pytest.fixture(scope="module")
def whole(inputs, tmp_path_factory):
    output = tmp_path_factory.mktemp("whole")
    return output, filter.run(context(inputs, output, 100_000))


def test_one_shard_is_one_file(whole):
    output, summary = whole
    assert sorted(path.name for path in (output / "graded").iterdir()) == [
        "data.jsonl",
        "manifest.json",
        "rejected.jsonl",
    ]
    assert summary.figures["pairs_correctness"] > 0
    assert summary.figures["pairs_quality"] > 0


def test_shards_in_several_processes_give_the_same_rows(inputs, whole, tmp_path):
    output, summary = whole
    assert filter.run(context(inputs, tmp_path, 20)) == summary
    names = sorted(path.name for path in (tmp_path / "graded").iterdir())
    assert names[0].startswith("data-00000-of-000")
    assert len(names) > 4
    assert content(tmp_path) == content(output)
    assert not list(validate_folder(tmp_path / "graded"))
    for name in ("examples", "pairs", "labelled", "dataset"):
        assert (tmp_path / name / "manifest.json").read_bytes() == (output / name / "manifest.json").read_bytes()


@pytest.fixture
def in_this_process(monkeypatch):
    """Shards one after the other; returns the numbers of those whose samples were graded."""
    graded, grade = [], filter_shards.FilterShards._grade

    def counted(self, problems, shard):
        graded.append(shard.number)
        return grade(self, problems, shard)

    monkeypatch.setattr(filter_shards.FilterShards, "_grade", counted)
    monkeypatch.setattr(worker_pool, "map_in_processes", lambda work, jobs, workers: map(work, jobs))
    return graded


def test_a_stage_that_was_interrupted_goes_on_at_the_shard(inputs, whole, tmp_path, in_this_process, monkeypatch):
    def stopped(work, jobs, workers):
        yield work(jobs[0])
        yield work(jobs[1])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(worker_pool, "map_in_processes", stopped)
        with pytest.raises(KeyboardInterrupt):
            filter.run(context(inputs, tmp_path, 20))
    assert in_this_process == [0, 1]
    assert not (tmp_path / "graded" / "manifest.json").exists()
    summary = filter.run(context(inputs, tmp_path, 20))
    assert in_this_process == list(range(len(in_this_process)))
    assert summary == whole[1]
    assert content(tmp_path) == content(whole[0])
    assert not list((tmp_path / "graded").glob(".*"))


def test_a_recipe_that_needs_all_rows_at_once_reads_them_from_the_shards(
    inputs, whole, tmp_path, in_this_process, monkeypatch
):
    kind = type(recipe_of(resolve("laptop", {}, [])))
    monkeypatch.setattr(kind, "by_shard", False)
    assert filter.run(context(inputs, tmp_path, 20)) == whole[1]
    assert content(tmp_path) == content(whole[0])


def test_a_shard_that_was_changed_is_named(inputs, tmp_path, in_this_process):
    filter.run(context(inputs, tmp_path, 20))
    shard = sorted((tmp_path / "graded").glob("data-*"))[1]
    shard.write_bytes(shard.read_bytes().replace(b"passed", b"failed", 1))
    with pytest.raises(InputError, match=rf"{shard.name}: does not match its manifest") as raised:
        list(Dataset(tmp_path / "graded", Graded))
    assert "run its stage again" in raised.value.fix
    with pytest.raises(InputError, match=shard.name):
        Dataset(tmp_path / "graded", Graded).rows()


def test_samples_of_another_problem_are_refused(inputs, tmp_path):
    write_dataset(tmp_path / "samples", [Sample(task_id="other", solution="pass")], Sample)
    with pytest.raises(InputError, match="samples of unknown problems: other"):
        filter.run(context({**inputs, "samples": tmp_path}, tmp_path / "out", 20))
