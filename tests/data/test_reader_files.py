import io
import json
import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from codekiln.data.readers import json_stream
from codekiln.data.readers.files import rows_of, rows_of_file
from codekiln.errors import InputError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@example(rows=[0.0, 1e300, -2.5e-7], indent=None, is_ascii=False, chunk=1)
@given(st.lists(JSON, max_size=6), st.sampled_from([None, 0, 2]), st.booleans(), st.integers(1, 40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_array_is_read_in_pieces_of_any_size(monkeypatch, tmp_path, rows, indent, is_ascii, chunk) -> None:
    monkeypatch.setattr(json_stream, "_CHUNK", chunk)
    path = tmp_path / "a.json"
    path.write_text(
        f" {json.dumps(rows, indent=indent, ensure_ascii=is_ascii)}\n\n", encoding="utf-8", errors="replace"
    )
    expected = json.loads(path.read_text(encoding="utf-8"))
    assert [row for _, row in rows_of_file(path)] == expected
    assert [where for where, _ in rows_of_file(path)] == [f"{path}[{number}]" for number in range(len(rows))]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('[{"a": 1}, {"b": 2', "[1]"), ('[{"a": 1} {"b": 2}]', "[0]"), ("[1, 2,]", "[2]"), ("[1, 2", "[1]"),
        ("[", "[0]"), ("[,]", "[0]"), ("[1] [2]", ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("chunk", [1, 1 << 20])
def test_a_damaged_array_is_named_with_its_element(monkeypatch, tmp_path: Path, text, where, chunk) -> None:
    monkeypatch.setattr(json_stream, "_CHUNK", chunk)
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(InputError, match="not JSON") as raised:
        list(rows_of_file(path))
    assert raised.value.where == f"{path}{where}"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('[{"a": 1},\n]', "[1]: not JSON: a comma behind the last element"),
        ('{"a": 1},\n{"a": 2},\n', "[0]: not JSON behind this object: a comma"),
        ('{"a": 1}\n{"a": 2},\n{"a": 3}\n', ":2: not JSON: a comma behind the row"),
    ],
)
def test_a_comma_too_many_is_named(tmp_path: Path, text, place) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(text)
    with pytest.raises(InputError) as raised:
        list(rows_of_file(path))
    assert str(raised.value).startswith(f"{path}{place}\n  fix: take it out: JSON Lines has no commas between rows")


def test_an_element_that_is_too_deep_is_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("[" * 100_000)
    with pytest.raises(InputError, match="not JSON"):
        list(rows_of_file(path))


def test_a_long_array_is_not_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with path.open("w") as file:
        file.write("[" + ",\n".join(json.dumps({"text": "x" * 100_000}) for _ in range(300)) + "]")
    tracemalloc.start()
    count = sum(1 for _ in rows_of_file(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (count, peak < 10_000_000) == (300, True)


def test_a_fault_is_told_without_reading_the_rest():
    file = io.StringIO("[1, oops, " + "2, " * (1 << 20))
    with pytest.raises(json_stream.ArrayFault, match="Expecting value"):
        list(json_stream.elements(file))
    assert file.tell() <= 1 << 20


PAGE, POINTER, PIPE = (
    "is a web page, not the file",
    "is a pointer of Git LFS, not the file",
    "is a pipe, where a regular",
)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("mbpp.jsonl", b'\n\n\n<!DOCTYPE html>\n<html>\n<script>\n{"payload": 1}\n', PAGE),
        ("mbpp.json", b"\xef\xbb\xbf<HTML lang='en'>", PAGE),
        ("rows.jsonl.gz", b"<!doctype html><title>Sign in</title>", PAGE),
        ("rows.csv", b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", PAGE),
        ("mbpp.jsonl", b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 563743\n", POINTER),
        ("rows.parquet", b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 563743\n", POINTER),
    ],
)
def test_what_was_downloaded_in_place_of_a_file_is_said(tmp_path, name, content, told) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=told) as caught:
        rows_of(str(tmp_path / name))
    assert caught.value.where == str(tmp_path / name)


@pytest.mark.parametrize(
    ("files", "given"),
    [
        (["humaneval/README.md", "humaneval/openai_humaneval/test-0.parquet"], ["openai_humaneval/test-0.parquet"]),
        (["train/state.json", "train/data-0.arrow", "test/data-0.arrow"], ["test/data-0.arrow", "train/data-0.arrow"]),
        (["a.jsonl", "deep/b.jsonl", ".cache/c.jsonl"], ["a.jsonl"]),
        ([f"{number}.json" for number in range(5)], ["0.json", "1.json", "2.json (2 more there)"]),
    ],
)
def test_of_a_folder_the_files_with_rows_are_named(tmp_path, files, given) -> None:
    """A data set as `hf download` and `save_to_disk` leave it."""
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    folder = tmp_path / "humaneval" if (tmp_path / "humaneval").is_dir() else tmp_path
    with pytest.raises(InputError, match="is a folder, where a file is needed") as caught:
        rows_of(str(folder))
    assert caught.value.fix == "give " + " or ".join(f"{folder}/{name}" for name in given)


def test_the_parts_of_one_file_are_not_given_alone(tmp_path) -> None:
    """A data set of some size as `git clone` and `save_to_disk` leave it."""
    (tmp_path / "data").mkdir()
    for number in range(2):
        (tmp_path / "data" / f"train-0000{number}-of-00002.parquet").touch()
    with pytest.raises(InputError, match="is a folder") as caught:
        rows_of(str(tmp_path))
    assert caught.value.fix.startswith("make one file of its 2 parts")
    assert f"data_files='{tmp_path}/data/train-*.parquet'" in caught.value.fix
    (tmp_path / "data" / "test-00000-of-00001.parquet").touch()
    with pytest.raises(InputError, match=r"fix: give .*test-00000-of-00001.parquet or"):
        rows_of(str(tmp_path))


def test_a_folder_without_rows_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match="is a folder") as caught:
        rows_of(str(tmp_path))
    assert caught.value.fix == "give a file with one row a line"


def test_a_path_of_windows_leads_to_where_wsl_has_it() -> None:
    with pytest.raises(InputError) as caught:
        rows_of(r"C:\Users\me\mbpp.jsonl")
    assert caught.value.fix.startswith("give /mnt/c/Users/me/mbpp.jsonl")


def test_a_pipe_is_refused_before_it_is_read(tmp_path) -> None:
    os.mkfifo(tmp_path / "samples.jsonl")
    for source in (str(tmp_path / "samples.jsonl"), "-"):
        with pytest.raises(InputError, match=PIPE):
            rows_of(source)
