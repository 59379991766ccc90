"""What programs leave in their folder, and how it is removed."""

import mmap
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from codekiln.sandbox.inside.scratch_folder import ScratchFolder, remove_tree


def nest(folder: Path, depth: int) -> None:
    """Make folders in one another, deeper than any path may be long and than Python's recursion goes."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("deep", dir_fd=here)
        below = os.open("deep", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


def protect(folder: Path) -> None:
    for name in ("none", "read", "search"):
        (folder / name / "inner").mkdir(parents=True)
        (folder / name / "file").write_text("x")
    for name, mode in (("none", 0), ("read", 0o400), ("search", 0o100)):
        (folder / name / "inner").chmod(mode)
        (folder / name / "file").chmod(0)
        (folder / name).chmod(mode)


def link(folder: Path) -> None:
    outside = folder.parent / "outside"
    outside.mkdir()
    (outside / "kept").write_text("x")
    (folder / "folder").symlink_to(outside)
    (folder / "self").symlink_to(".")
    (folder / "dangling").symlink_to("missing")
    (folder / "below").mkdir()
    (folder / "below" / "file").hardlink_to(outside / "kept")
    (folder / "below" / "up").symlink_to("..")


def name_badly(folder: Path) -> None:
    raw = os.fsencode(folder)
    os.mkdir(raw + b"/\xff\xfe")
    for name in (b"/\xff\xfe/\x80", b"/-rf", b"/line\nline", b"/ ", b"/" + b"n" * 255, b"/.1-1"):
        open(raw + name, "w").close()


def fill_with_special_files(folder: Path) -> None:
    os.mkfifo(folder / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        place = os.getcwd()
        os.chdir(folder)  # the path of a socket is short
        listener.bind("socket")
        os.chdir(place)


def be_wide(folder: Path) -> None:
    for number in range(550):
        (folder / f"{number}").mkdir()
        (folder / f"f{number}").touch()


FILLINGS = {
    "nothing": lambda folder: None,
    "deep": lambda folder: nest(folder, 1100),
    "without rights": protect,
    "links": link,
    "names": name_badly,
    "special files": fill_with_special_files,
    "wide": be_wide,
}


@pytest.mark.parametrize("name", FILLINGS)
@pytest.mark.parametrize("remove", [remove_tree, lambda path: ScratchFolder(path).empty()], ids=["remove", "empty"])
def test_whatever_is_there_is_removed(tmp_path: Path, name: str, remove: Callable[[str], None]) -> None:
    folder = tmp_path / "scratch"
    folder.mkdir()
    FILLINGS[name](folder)
    remove(str(folder))
    assert not folder.exists() or not list(folder.iterdir())
    if name == "links":
        assert (tmp_path / "outside" / "kept").read_text() == "x"


def test_a_tree_is_gone_and_a_missing_one_is_no_error(tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    (folder / "scratch").mkdir(parents=True)
    folder.chmod(0)
    remove_tree(str(folder))
    assert not folder.exists()
    remove_tree(str(folder))


def test_what_cannot_be_removed_is_said(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(NotADirectoryError):
        remove_tree(str(file))


def test_descriptors_do_not_pile_up(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    nest(tmp_path, 300)
    ScratchFolder(str(tmp_path)).empty()
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("filling", ["deep", "wide", "large", "sparse"])
def test_the_size_of_the_folder_is_bounded(request: pytest.FixtureRequest, tmp_path: Path, filling: str) -> None:
    scratch = ScratchFolder(str(tmp_path))
    request.addfinalizer(scratch.empty)  # pytest cannot remove a deep folder
    assert not scratch.is_over(1 << 20)
    if filling == "large":
        (tmp_path / "x").write_bytes(os.urandom(2 << 20))
    elif filling == "sparse":
        os.truncate(os.open(tmp_path / "x", os.O_CREAT | os.O_WRONLY), 1 << 30)
    else:
        FILLINGS[filling](tmp_path)
    assert scratch.exceeded(1 << 20) == ("" if filling == "sparse" else "folder")


def test_deleted_files_that_are_kept_count_against_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ScratchFolder, "HIDDEN", 128 << 20)
    scratch = ScratchFolder(str(tmp_path))
    scratch.begin()
    with open(tmp_path / "x", "w+b") as file:
        os.posix_fallocate(file.fileno(), 0, 256 << 20)
        kept = mmap.mmap(file.fileno(), 4096)
    os.remove(tmp_path / "x")
    assert scratch.exceeded(1 << 20) == "disk"
    assert scratch.was_filled_by(1 << 20)  # blocks of 512 bytes: it wrote the space itself
    assert not scratch.was_filled_by(0)  # the space is still taken, and the program had written nothing
    kept.close()
    assert scratch.exceeded(1 << 20) == ""
    assert scratch.was_filled_by(0)  # the space came back with its end


def test_an_empty_folder_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    ScratchFolder(str(tmp_path)).empty()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
