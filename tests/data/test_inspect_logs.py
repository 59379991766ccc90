"""Logs of Inspect in its own format: an archive with a file for each sample."""

import json
import zipfile
from pathlib import Path

import pytest

from codekiln.data.readers import read_samples
from codekiln.data.readers.inspect_logs import is_log
from codekiln.errors import InputError

REPLY = "```python\ndef f(x):\n    return x + 1\n```"


def sample(name: str, epoch: int) -> dict[str, object]:
    message = {"role": "assistant", "content": REPLY}
    return {
        "id": name, "epoch": epoch, "input": "Write f.", "target": "", "metadata": {"entry_point": "f"},
        "output": {"model": "m", "choices": [{"message": message, "stop_reason": "stop"}], "completion": REPLY},
        "scores": {"verify": {"value": "I", "answer": "x = 1"}},
    }  # fmt: skip


def log(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {"_journal/start.json": "{}", **files, "header.json": "{}"}.items():
            archive.writestr(name, text)
    return path


def test_every_sample_of_a_log_is_read(tmp_path):
    files = {
        f"samples/HumanEval_{n}_epoch_{e}.json": json.dumps(sample(f"HumanEval/{n}", e)) for n in (0, 1) for e in (1, 2)
    }
    found = read_samples(log(tmp_path / "log.eval", files))
    assert [each.task_id for each in found] == ["HumanEval/0", "HumanEval/0", "HumanEval/1", "HumanEval/1"]
    assert {each.completion for each in found} == {REPLY}


@pytest.mark.parametrize(
    ("files", "said", "fix"),
    [
        ({}, "is a log of Inspect without a sample", "that has ended"),
        ({"samples/a_epoch_1.json": "{"}, "cannot be read here", "inspect log convert"),
    ],
)
def test_a_log_that_cannot_be_read_is_refused_with_what_reads_it(tmp_path, files, said, fix):
    with pytest.raises(InputError, match=said) as refused:
        read_samples(log(tmp_path / "log.eval", files))
    assert fix in refused.value.fix


def test_a_sample_that_is_too_large_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("codekiln.data.readers.inspect_logs._MOST_BYTES", 1000)
    path = log(tmp_path / "log.eval", {"samples/a_epoch_1.json": " " * 10_000})
    with pytest.raises(InputError, match="larger than"):
        read_samples(path)


def test_a_packing_that_only_inspect_reads_is_said(tmp_path):
    path = log(tmp_path / "log.eval", {"samples/a_epoch_1.json": json.dumps(sample("a/1", 1))})
    content = path.read_bytes()
    zstd = (93).to_bytes(2, "little")
    for mark, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        place = content.find(mark)
        while place >= 0:
            content = content[: place + offset] + zstd + content[place + offset + 2 :]
            place = content.find(mark, place + 1)
    path.write_bytes(content)
    with pytest.raises(InputError, match="cannot be read here") as refused:
        read_samples(path)
    assert "inspect log convert" in refused.value.fix


def test_another_archive_is_no_log(tmp_path):
    path = tmp_path / "table.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
    assert not is_log(path)
    with pytest.raises(InputError, match="a ZIP archive"):
        read_samples(path)
