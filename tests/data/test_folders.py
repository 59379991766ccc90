import errno
import json
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codekiln.data.files import write_atomic
from codekiln.data.folders import Dataset, Rejected, read_rows, write_dataset
from codekiln.data.records import Example, Message, Problem, Sample
from codekiln.errors import InputError, InputErrors

SAMPLES = [Sample(task_id=f"t{number}", solution=f"print({number})\n") for number in range(5)]


def test_a_data_set_reads_back_as_it_was_written(tmp_path):
    write_dataset(tmp_path, SAMPLES, Sample, rejected=[Rejected("tie", SAMPLES[0])], settings={"a": 1})
    found = Dataset(tmp_path, Sample)
    assert found.rows() == SAMPLES
    assert (found.manifest.rows, found.manifest.rejected, found.manifest.settings) == (5, {"tie": 1}, {"a": 1})
    assert json.loads((tmp_path / "rejected.jsonl").read_text())["reason"] == "tie"


@given(st.lists(st.text(alphabet=string.printable + "\u2028\x85\x1c\u00e9\U0001f600"), max_size=5))
def test_any_text_survives(tmp_path_factory, texts):
    rows = [Sample(task_id=str(number), solution=text) for number, text in enumerate(texts)]
    folder = tmp_path_factory.mktemp("data")
    write_dataset(folder, rows, Sample)
    assert Dataset(folder, Sample).rows() == rows


def test_a_truncated_file_is_named_with_its_line(tmp_path):
    write_dataset(tmp_path, SAMPLES, Sample)
    path = tmp_path / "data.jsonl"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(InputError, match=r"data\.jsonl:5: Invalid JSON"):
        Dataset(tmp_path, Sample).rows()


def test_a_file_cut_between_rows_is_noticed(tmp_path):
    write_dataset(tmp_path, SAMPLES, Sample)
    path = tmp_path / "data.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]))
    with pytest.raises(InputError, match="has 3 rows and does not match its manifest"):
        Dataset(tmp_path, Sample).rows()


def test_a_changed_value_is_noticed(tmp_path):
    write_dataset(tmp_path, SAMPLES, Sample)
    path = tmp_path / "data.jsonl"
    path.write_bytes(path.read_bytes().replace(b"print(3)", b"print(4)"))
    with pytest.raises(InputError, match="does not match its manifest"):
        Dataset(tmp_path, Sample).rows()


def test_an_unfinished_folder_is_refused(tmp_path):
    write_dataset(tmp_path, SAMPLES, Sample)
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(InputError, match="has not finished"):
        Dataset(tmp_path, Sample)


def test_another_kind_of_row_is_refused(tmp_path):
    write_dataset(tmp_path, SAMPLES, Sample)
    with pytest.raises(InputError, match="holds Sample rows .* Example rows"):
        Dataset(tmp_path, Example)


def test_a_writer_that_fails_leaves_no_manifest(tmp_path):
    write_dataset(tmp_path, SAMPLES, Sample)

    def rows():
        yield SAMPLES[0]
        raise OSError(errno.ENOSPC, "disk full")

    with pytest.raises(OSError, match="disk full"):
        write_dataset(tmp_path, rows(), Sample)
    assert not (tmp_path / "manifest.json").exists()


def test_every_bad_row_is_reported_with_its_field(tmp_path):
    path = tmp_path / "problems.jsonl"
    path.write_text('{"task_id": "a", "prompt": "p"}\n{"task_id": 3, "prompt": "p"}\n{"task_id": "c", "promt": "p"}\n')
    with pytest.raises(InputErrors) as caught:
        read_rows(path, Problem)
    wheres = [error.where for error in caught.value.errors]
    assert wheres == [f"{path}:2.task_id", f"{path}:3.promt"]
    assert "unknown field 'promt'\n  fix: did you mean 'prompt'?" in str(caught.value)


def test_an_atomic_write_that_fails_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomic(path, "old")

    def fail(*_):
        raise OSError(errno.ENOSPC, "disk full")

    monkeypatch.setattr("codekiln.data.files.os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert [found.name for found in Path(tmp_path).iterdir()] == ["file"]


def test_a_sample_has_exactly_one_text():
    with pytest.raises(ValueError, match="exactly one"):
        Sample(task_id="a")
    with pytest.raises(ValueError, match="exactly one"):
        Sample(task_id="a", solution="x", completion="y")


def test_rows_are_never_coerced():
    with pytest.raises(ValueError, match="valid string"):
        Message(role="user", content=3)
