"""Every error that a user can cause is one line with a fix; a fault of the program keeps its traceback."""

import errno
import io
import os
import sqlite3
from importlib import resources

import pytest

from codekiln.data import system_errors
from codekiln.data.files import write_atomic
from codekiln.data.folders import DATA, write_dataset
from codekiln.data.manifests import MANIFEST
from codekiln.data.records import Sample
from codekiln.data.system_errors import DEBUG, explained, require_depth, require_text, told
from codekiln.data.text import read_text
from codekiln.errors import CodekilnError, InputError, ModelError

ROWS = [Sample(task_id=f"t/{number}", solution="def f(): pass") for number in range(3)]


@pytest.mark.parametrize("number", sorted(system_errors._CAUSES), ids=errno.errorcode.get)
def test_each_cause_is_told_with_its_path_and_a_fix(number):
    text, code = told(OSError(number, os.strerror(number), "/srv/a"))
    first, fix = text.split("\n")
    assert first.startswith("/srv/a: ")
    assert fix.startswith("  fix: ")
    assert code == (2 if system_errors._CAUSES[number].is_mistake else 1)


@pytest.mark.parametrize(
    "fault",
    [
        OSError(errno.EBADF, "Bad file descriptor", "/srv/a"),
        OSError(errno.ENOENT, "No such file or directory"),
        OSError(errno.EINVAL, "Invalid argument"),
        OSError("the server answered 500"),
        FileNotFoundError(errno.ENOENT, "x", str(resources.files("codekiln") / "models" / "gone.toml")),
        ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
        BrokenPipeError(errno.EPIPE, "Broken pipe"),
        sqlite3.ProgrammingError("Cannot operate on a closed database."),
        ValueError("x"),
        KeyError("x"),
    ],
    ids=repr,
)
def test_a_fault_of_the_program_is_not_disguised(fault):
    assert told(fault) is None


def sqlite_error(folder, kind):
    path = folder / "a.db"
    with sqlite3.connect(path) as database:
        database.execute("create table t(x)")
    statement, uri = "insert into t values (zeroblob(100000))", f"file:{path}"
    if kind == "full":
        statement = f"pragma max_page_count=2; {statement}"
    elif kind == "read-only":
        uri += "?mode=ro"
    elif kind == "no database":
        path.write_text("x" * 5000)
    elif kind == "a folder":
        uri = f"file:{folder}"
    else:
        other = sqlite3.connect(path)
        other.execute("begin exclusive")
    with pytest.raises(sqlite3.Error) as caught:
        sqlite3.connect(uri, uri=True, timeout=0).executescript(statement)
    return caught.value


@pytest.mark.parametrize(
    ("kind", "says", "code"),
    [
        ("full", "no space left", 1),
        ("read-only", "cannot be written", 2),
        ("no database", "is no database", 2),
        ("a folder", "cannot be opened", 2),
        ("locked", "another process writes", 1),
    ],
)
def test_what_sqlite_says_is_told(tmp_path, kind, says, code):
    text, found = told(sqlite_error(tmp_path, kind))
    assert says in text
    assert "fix: " in text
    assert found == code


@pytest.mark.parametrize(
    "error",
    [RuntimeError("Could not determine home directory."), KeyError("getpwuid(): uid not found: 1000640000")],
    ids=["pathlib", "pwd"],
)
def test_a_user_without_a_home_folder_is_told(error):
    found = system_errors.explained(error)
    assert isinstance(found, InputError)
    assert "has no home folder" in str(found)
    assert "fix: set HOME to a folder" in str(found)


def test_libraries_that_write_files_are_understood():
    rust = RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)")
    torch = RuntimeError("[enforce fail at inline_container.cc:664] . PytorchStreamWriter failed writing file data/0")
    for error in (rust, torch):
        assert told(error)[0].split("\n")[0].endswith("no space left on the device")
    wrapped = RuntimeError("an error occurred while generating the dataset")
    wrapped.__cause__ = OSError(errno.EDQUOT, "Disk quota exceeded", "/srv/a")
    assert "quota" in told(wrapped)[0]
    assert "is a pipe" in told(io.UnsupportedOperation("File or stream is not seekable."))[0]


def test_errors_on_purpose_pass_and_the_traceback_is_there_on_demand(monkeypatch, capsys):
    assert told(ModelError("x")) == ("x", 1)
    assert told(InputError("x", where="y", fix="z")) == ("y: x\n  fix: z", 2)
    assert not capsys.readouterr().err
    for no in ("", "0", "False", "off"):
        monkeypatch.setenv(DEBUG, no)
        told(InputError("x"))
        assert not capsys.readouterr().err
    monkeypatch.setenv(DEBUG, "1")
    told(InputError("x"))
    assert "codekiln.errors.InputError: x" in capsys.readouterr().err


def test_a_very_long_path_is_shown_in_part():
    text = str(explained(OSError(errno.ENAMETOOLONG, "File name too long", "/srv/" + "a" * 5000)))
    assert "..." in text
    assert len(text) < 400


def test_a_name_that_is_not_utf8_is_shown_as_codes():
    assert r"/srv/a\xff: no such file" in str(explained(FileNotFoundError(errno.ENOENT, "x", b"/srv/a\xff")))


def test_no_inodes_is_told_from_no_space(monkeypatch):
    full = os.statvfs("/")
    found = type("statvfs", (), {"f_files": 10, "f_favail": 0, "f_bavail": 9, "f_frsize": full.f_frsize})
    monkeypatch.setattr(os, "statvfs", lambda path: found)
    assert "its inodes are used up" in str(explained(OSError(errno.ENOSPC, "No space left on device", "/srv/a")))


@pytest.mark.parametrize("failing", range(1, 4))
def test_a_disk_that_is_full_at_any_write_leaves_nothing_that_looks_whole(tmp_path, monkeypatch, failing):
    calls, sync = iter(range(1, 9)), os.fsync

    def full(handle):
        if next(calls) == failing:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space") as caught:
            write_dataset(tmp_path / "d", ROWS, Sample)
    assert str(tmp_path / "d") in told(caught.value)[0]
    assert not (tmp_path / "d" / MANIFEST).exists()
    assert not list((tmp_path / "d").glob(f".{MANIFEST}*"))
    write_dataset(tmp_path / "d", ROWS, Sample)
    assert len((tmp_path / "d" / DATA).read_text().splitlines()) == 3


def test_an_atomic_file_keeps_its_old_content_on_a_full_disk(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    write_atomic(path, "old")
    monkeypatch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left")))
    with pytest.raises(OSError, match="No space") as caught:
        write_atomic(path, "new")
    assert caught.value.filename == str(path)
    assert [each.read_text() for each in tmp_path.iterdir()] == ["old"]


def test_a_device_without_an_end_is_refused_and_a_pipe_is_read(tmp_path):
    with pytest.raises(InputError, match="is a device"):
        read_text("/dev/full")
    assert read_text("/dev/null") == ""
    read, write = os.pipe()
    os.write(write, b"x\r\n")
    os.close(write)
    assert read_text(f"/dev/fd/{read}") == "x\n"
    os.close(read)


def test_what_is_not_utf8_is_refused_before_any_work(monkeypatch, tmp_path):
    require_text(["é", "e\u0301", "a b"])
    with pytest.raises(InputError, match=r"a\\xff: is not UTF-8"):
        require_text([os.fsdecode(b"a\xff")])
    monkeypatch.setenv("TMPDIR", os.fsdecode(b"/srv/\xff"))
    with pytest.raises(InputError, match=r"TMPDIR: /srv/\\xff"):
        require_text([])


def test_a_working_directory_too_deep_for_a_run_is_refused(tmp_path):
    require_depth(tmp_path)
    with pytest.raises(InputError, match=r"has 3,\d+ bytes, and a run needs"):
        require_depth(tmp_path / "/".join(["p" * 200] * 18))
    assert issubclass(InputError, CodekilnError)
