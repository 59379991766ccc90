"""The folder of one tester and its fork server: made, locked while it is used, and removed, later if need be."""

import contextlib
import fcntl
import os
import sys
import tempfile
import time

from codekiln.sandbox.inside.scratch_folder import remove_tree

_PREFIX, _LOCK = "codekiln-", "lock"
_SECONDS = 0.5


class ServerFolder:
    """A new folder below the one for temporary files.

    Attributes:
        path: Where it is.
        scratch: The folder in it that programs may write to.
    """

    def __init__(self) -> None:
        self.path = tempfile.mkdtemp(prefix=_PREFIX)
        self.scratch = os.path.join(self.path, "scratch")
        os.chmod(self.path, 0o700)  # whatever the mask
        os.mkdir(self.scratch)
        os.chmod(self.scratch, 0o700)
        # Locked before it has its name: nobody finds it there without the lock.
        self._lock = os.open(os.path.join(self.path, "new"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        os.rename(os.path.join(self.path, "new"), os.path.join(self.path, _LOCK))

    def remove(self) -> None:
        """Remove the folder, to which a program that is being killed may still add something."""
        deadline = time.monotonic() + _SECONDS
        try:
            while True:
                try:
                    return remove_tree(self.path)
                except OSError as error:
                    if time.monotonic() > deadline:
                        print(f"codekiln: {self.path} is left behind: {error}", file=sys.stderr)
                        return None
                    time.sleep(_SECONDS / 50)
        finally:
            os.close(self._lock)


def remove_abandoned() -> None:
    """Remove what commands that were killed have left: this user's folders whose lock nobody holds any more."""
    with contextlib.suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        found = [entry.path for entry in entries if entry.name.startswith(_PREFIX)]
        for path in found:
            with contextlib.suppress(OSError):
                if os.lstat(path).st_uid == os.geteuid():
                    _remove_if_abandoned(path)


def _remove_if_abandoned(path: str) -> None:
    lock = os.open(os.path.join(path, _LOCK), os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        remove_tree(path)
    finally:
        os.close(lock)
