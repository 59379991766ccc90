from contextlib import contextmanager

import pytest

from codekiln.data.folders import write_dataset
from codekiln.data.records import Sample
from codekiln.errors import InputError
from codekiln.settings.resolve import resolve
from codekiln.stages.base import Stage, StageContext, StageManifest, Summary, execute, folder_digest

ROWS = [Sample(task_id=str(number), solution="x = 1") for number in range(4)]


@pytest.fixture
def calls():
    return []


@pytest.fixture
def stage(calls):
    def perform(context):
        calls.append(context.step)
        write_dataset(context.output / "rows", ROWS[: context.settings.seed + 1], Sample)
        return Summary(figures={"rows": context.settings.seed + 1})

    return Stage(name="generate", settings_keys=("seed",), input_parts={"data": "rows"}, run=perform)


@contextmanager
def silent():
    yield lambda manifest: {}


def work_on(tmp_path, *overrides, data=None):
    return StageContext(
        settings=resolve("laptop", {}, list(overrides)), inputs={"data": data} if data else {}, output=tmp_path / "out",
        step="generate", run_folder=tmp_path,
    )  # fmt: skip


def test_a_finished_stage_is_not_repeated(tmp_path, stage, calls):
    first, done = execute(stage, work_on(tmp_path), silent)
    assert not done
    again, done = execute(stage, work_on(tmp_path), silent)
    assert done
    assert again == first
    assert calls == ["generate"]


def test_a_setting_it_reads_repeats_it_and_another_does_not(tmp_path, stage, calls):
    execute(stage, work_on(tmp_path), silent)
    execute(stage, work_on(tmp_path, "experiment=other"), silent)
    assert len(calls) == 1
    manifest, _ = execute(stage, work_on(tmp_path, "seed=1"), silent)
    assert len(calls) == 2
    assert manifest.summary.figures == {"rows": 2}


def test_another_input_repeats_it(tmp_path, stage, calls):
    data = tmp_path / "data"
    for count in (1, 1, 2):
        write_dataset(data / "rows", ROWS[:count], Sample)
        execute(stage, work_on(tmp_path, data=data), silent)
    assert len(calls) == 2


def test_another_code_version_repeats_it(tmp_path, stage, calls, monkeypatch):
    execute(stage, work_on(tmp_path), silent)
    monkeypatch.setattr("codekiln.stages.base.code_version", lambda: "0+other")
    execute(stage, work_on(tmp_path), silent)
    assert len(calls) == 2


def test_a_stage_that_dies_leaves_no_manifest_and_its_folder_is_kept(tmp_path):
    def perform(context):
        (context.output / "checkpoint").write_text("half")
        raise KeyboardInterrupt

    broken = Stage(name="sft", settings_keys=(), input_parts={}, run=perform)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            execute(broken, work_on(tmp_path), silent)
        assert (tmp_path / "out" / "checkpoint").exists()
        assert not (tmp_path / "out" / "manifest.json").exists()


def test_leftovers_of_other_settings_are_removed(tmp_path, stage):
    execute(stage, work_on(tmp_path), silent)
    (tmp_path / "out" / "stale").write_text("x")
    execute(stage, work_on(tmp_path, "seed=1"), silent)
    assert not (tmp_path / "out" / "stale").exists()


def test_finished_work_that_could_not_be_logged_is_only_logged_again(tmp_path, stage, calls):
    @contextmanager
    def unreachable():
        def fail(manifest):
            raise ConnectionError("tracking server is down")

        yield fail

    @contextmanager
    def reachable():
        yield lambda manifest: {"run_id": "7"}

    with pytest.raises(ConnectionError):
        execute(stage, work_on(tmp_path), unreachable)
    manifest, done = execute(stage, work_on(tmp_path), reachable)
    assert calls == ["generate"]
    assert not done
    assert manifest.tracking == {"run_id": "7"}
    assert StageManifest.read(tmp_path / "out") == manifest


def test_a_damaged_output_is_named_with_its_line(tmp_path, stage):
    execute(stage, work_on(tmp_path, "seed=3"), silent)
    path = tmp_path / "out" / "rows" / "data.jsonl"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(InputError, match=r"rows/data\.jsonl:4: was changed or cut"):
        execute(stage, work_on(tmp_path, "seed=3"), silent)


def test_lineage_travels_with_the_folder(tmp_path, stage):
    execute(stage, work_on(tmp_path), silent)

    def perform(context):
        return Summary()

    second = Stage(name="filter", settings_keys=(), input_parts={"data": "rows"}, run=perform)
    context = StageContext(
        settings=resolve("laptop"),
        inputs={"data": tmp_path / "out"},
        output=tmp_path / "two",
        step="f",
        run_folder=tmp_path,
    )
    manifest, _ = execute(second, context, silent)
    assert list(manifest.lineage) == ["generate"]
    assert manifest.inputs == {"data": folder_digest(tmp_path / "out" / "rows")}


def test_an_input_that_is_not_finished_is_refused(tmp_path, stage):
    with pytest.raises(InputError, match="has not finished"):
        execute(stage, work_on(tmp_path, data=tmp_path / "nothing"), silent)
