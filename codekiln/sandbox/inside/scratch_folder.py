"""The private folder of the running program."""

import os


class ScratchFolder:
    """A folder for one program at a time, which the server empties after each."""

    MAX_FILES = 1000

    def __init__(self, path: str) -> None:
        self._path = path

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

    def empty(self) -> None:
        """Remove everything in the folder.

        The content of a folder is moved up before the folder is removed: a program can nest folders so deep that their
        paths are too long for any system call.
        """
        number = 0
        while entries := os.listdir(self._path):
            for name in entries:
                path = os.path.join(self._path, name)
                if os.path.islink(path) or not os.path.isdir(path):
                    os.unlink(path)
                    continue
                os.chmod(path, 0o700)
                for inner in os.listdir(path):
                    number += 1
                    os.rename(os.path.join(path, inner), os.path.join(self._path, f".{number}-{os.getpid()}"))
                os.rmdir(path)


def remove_tree(path: str) -> None:
    """Remove a folder."""
    import shutil

    shutil.rmtree(path, ignore_errors=True)
