import json
import shutil

import pytest

from codekiln.data.files import sha256_file
from codekiln.errors import InputError
from codekiln.registry import Registry
from codekiln.registry.runs import adapter_digest
from codekiln.stages import promote
from codekiln.stages.base import StageManifest, files_digest
from codekiln.stages.evaluate import CONTENDERS, EVALUATION
from codekiln.stages.run_folder import EVALUATION as PROBLEMS
from tests.stages.judged_runs import judged_run

MODEL = "codekiln-tiny"


def champion(uri):
    found = Registry(uri, "codekiln").champion(MODEL)
    return found and found.version


def test_the_verdict_on_another_adapter_is_refused(tmp_path, uri):
    good, bad = judged_run(tmp_path / "a", uri, b"a"), judged_run(tmp_path / "b", uri, b"b", gain=0.0)
    shutil.rmtree(bad.workdir / "evaluate")
    shutil.copytree(good.workdir / "evaluate", bad.workdir / "evaluate")
    with pytest.raises(InputError, match="is no evaluation of .*/sft"):
        bad.promote()
    assert champion(uri) is None


def test_an_evaluation_on_other_problems_is_refused(tmp_path, uri):
    run, other = judged_run(tmp_path / "a", uri, b"a"), judged_run(tmp_path / "b", uri, b"b", problems=range(50, 90))
    shutil.rmtree(run.workdir / "check" / PROBLEMS)
    shutil.copytree(other.workdir / "check" / PROBLEMS, run.workdir / "check" / PROBLEMS)
    with pytest.raises(InputError, match="is no evaluation of .*/evaluation_problems"):
        run.promote()


def test_an_evaluation_with_other_settings_is_refused(tmp_path, uri):
    run = judged_run(tmp_path / "a", uri, b"a")
    settings = run.workdir / "check" / "settings.json"
    changed = json.loads(settings.read_bytes())
    changed["evaluation"]["tolerance"] = 0.9
    changed["metric"] = "lines"
    settings.write_text(json.dumps(changed))
    with pytest.raises(InputError, match="was made with other settings of metric, evaluation"):
        run.promote()


@pytest.mark.parametrize("name", [f"evaluate/{EVALUATION}", "sft/adapter_model.safetensors", "sft/adapter_config.json"])
def test_files_that_were_edited_are_refused(tmp_path, uri, name):
    run = judged_run(tmp_path / "a", uri, b"a")
    path = run.workdir / name
    path.write_text(path.read_text() + " ")
    with pytest.raises(InputError, match="was changed or cut after it was written"):
        run.promote()
    assert not (run.workdir / "ledger.jsonl").exists()


def test_an_evaluation_that_does_not_say_whom_it_compared_is_refused(tmp_path, uri):
    run = judged_run(tmp_path / "a", uri, b"a")
    folder = run.workdir / "evaluate"
    manifest = StageManifest.read(folder)
    files = {name: digest for name, digest in manifest.files.items() if name != CONTENDERS}
    manifest.model_copy(update={"files": files, "digest": files_digest(files)}).write(folder)
    with pytest.raises(InputError, match=f"has no {CONTENDERS}"):
        run.promote()


def test_a_champion_since_the_evaluation_has_to_be_beaten_first(tmp_path, uri):
    early, late = judged_run(tmp_path / "a", uri, b"a"), judged_run(tmp_path / "b", uri, b"b")
    early.promote()
    with pytest.raises(InputError, match=r"version 1 of 'codekiln-tiny' became champion after the evaluation"):
        late.promote()
    assert champion(uri) == 1
    again = judged_run(tmp_path / "c", uri, b"b", champion=b"a").promote()["gate"]
    assert {check["against"] for check in again["checks"]} == {"base", "champion"}
    assert champion(uri) == 2


def test_a_champion_that_comes_while_the_gate_decides_has_to_be_beaten_too(tmp_path, uri, monkeypatch):
    early, late = judged_run(tmp_path / "a", uri, b"a"), judged_run(tmp_path / "b", uri, b"b")
    rendered = promote.render

    def meanwhile(data):
        monkeypatch.setattr(promote, "render", rendered)
        early.promote()
        return rendered(data)

    monkeypatch.setattr(promote, "render", meanwhile)
    with pytest.raises(InputError, match="became champion after the evaluation"):
        late.promote()
    assert Registry(uri, "codekiln").champion(MODEL).adapter_digest == adapter_digest(early.workdir / "sft")


def test_the_run_s_own_earlier_adapter_is_a_champion_to_beat(tmp_path, uri):
    judged_run(tmp_path / "a", uri, b"a").promote()
    run = judged_run(tmp_path / "b", uri, b"b", champion=b"a")
    folder = run.workdir / "evaluate"
    # As in a run whose sft was promoted: it is compared with under its own name.
    for name in (CONTENDERS, EVALUATION):
        (folder / name).write_text((folder / name).read_text().replace('"champion"', '"earlier"'))
    manifest = StageManifest.read(folder)
    files = {name: sha256_file(folder / name) for name in manifest.files}
    manifest.model_copy(update={"files": files, "digest": files_digest(files)}).write(folder)
    assert {check["against"] for check in run.promote()["gate"]["checks"]} == {"base", "earlier"}


@pytest.mark.parametrize("has_champion", [True, False])
def test_a_version_for_another_base_model_is_neither_opponent_nor_promoted(tmp_path, uri, has_champion):
    judged_run(tmp_path / "a", uri, b"a", gain=4.0 if has_champion else 0.0).promote()
    other = ("base_model=qwen2.5-coder-1.5b", f"promote_as={MODEL}")
    with pytest.raises(InputError, match=r"version 1 of 'codekiln-tiny' adapts tiny \(main\), and this run adapts "):
        judged_run(tmp_path / "b", uri, b"a", settings=other).promote()
    assert champion(uri) == (1 if has_champion else None)
