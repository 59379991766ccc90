"""The private folder of the running program."""

import contextlib
import os

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class ScratchFolder:
    """A folder for one program at a time, which the server empties after each."""

    MAX_FILES = 1000
    HIDDEN = 1 << 30
    """Bytes by which the file system may fill up, beyond what the folder holds, while one program runs."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._free = _free_bytes(path)

    def begin(self) -> None:
        """Note how much space is free before the next program."""
        self._free = _free_bytes(self._path)

    def exceeded(self, limit: int) -> str:
        """Return ``folder`` when the folder `is_over` the limit, ``disk`` when it `fills_the_disk`, else nothing."""
        return "folder" if self.is_over(limit) else "disk" if self.fills_the_disk() else ""

    def is_over(self, limit: int) -> bool:
        """Return whether the folder holds more than ``limit`` bytes or too many entries."""
        size = count = 0
        pending = [self._path]
        while pending:
            try:
                with os.scandir(pending.pop()) as entries:
                    for entry in entries:
                        count += 1
                        size += entry.stat(follow_symlinks=False).st_blocks * 512
                        if entry.is_dir(follow_symlinks=False):
                            pending.append(entry.path)
                        if size > limit or count > self.MAX_FILES:
                            return True
            except FileNotFoundError:
                continue  # removed by the program in the meantime
            except OSError:
                return True  # made unreadable, or too deep for a path: what it holds cannot be bounded
        return False

    def fills_the_disk(self) -> bool:
        """Return whether the file system has lost more than `HIDDEN` bytes since `begin`.

        A program can delete files and keep them open or mapped: they take space, and no folder shows them. No limit of
        the kernel that needs no privilege bounds all of them together. Other processes may use the file system too, so
        this is a reason to end the program, and `was_filled_by` then tells whether it was the cause.
        """
        return self._free - _free_bytes(self._path) > self.HIDDEN

    def was_filled_by(self, blocks_written: int) -> bool:
        """Return whether a program that has ended, because the disk filled up, was the cause.

        Args:
            blocks_written: Its ``ru_oublock``, in units of 512 bytes; file systems in memory do not count there, but
                give their space back at once.
        """
        return blocks_written * 512 > self.HIDDEN // 2 or not self.fills_the_disk()

    def empty(self) -> None:
        """Remove everything in the folder, however it is named, nested or protected."""
        if os.listdir(self._path):
            _empty(self._path)


def remove_tree(path: str) -> None:
    """Remove a folder and all it holds, without recursion and without paths, which deep folders make too long.

    Nothing may change the folder meanwhile: its programs have ended. A folder that is not there is no error.

    Raises:
        OSError: An entry cannot be removed by this user.
    """
    with contextlib.suppress(FileNotFoundError):
        _empty(path)
        os.rmdir(path)


def _empty(path: str) -> None:
    """Empty a folder, depth first, with one open folder at a time: the way up is ``..``."""
    here = _enter(path, None)
    try:
        waiting = [_remove_files(here)]  # for each folder on the way down, the folders in it that are left
        below: list[str] = []
        while waiting[-1] or below:
            if waiting[-1]:
                below.append(waiting[-1].pop())
                here = _move(here, below[-1])
                waiting.append(_remove_files(here))
            else:
                waiting.pop()
                here = _move(here, "..")
                os.rmdir(below.pop(), dir_fd=here)
    finally:
        os.close(here)


def _remove_files(folder: int) -> list[str]:
    """Remove all but the folders from an open folder; return the names of those."""
    folders = []
    with os.scandir(folder) as entries:
        for entry in list(entries):  # a folder that changes while it is read may skip entries
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            else:
                os.unlink(entry.name, dir_fd=folder)
    return folders


def _move(folder: int, name: str) -> int:
    """Open ``name`` of an open folder in place of that folder."""
    reached = _enter(name, folder)
    os.close(folder)
    return reached


def _enter(name: str, parent: int | None) -> int:
    """Open a folder, first with the rights that emptying it needs if a program took them away."""
    if name != ".." and os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode & 0o700 != 0o700:
        os.chmod(name, 0o700, dir_fd=parent)
    return os.open(name, _FOLDER, dir_fd=parent)


def _free_bytes(path: str) -> int:
    state = os.statvfs(path)
    return state.f_bfree * state.f_frsize
