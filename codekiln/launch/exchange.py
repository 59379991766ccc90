"""The exchange of files between a step and its job, through a volume that both mount or through object storage.

A job's location holds ``job.json``, its input folders, and ``output/``. On a volume the job works in place. From object
storage every node downloads a copy, and uploads its output, checkpoints included, while it runs.
"""

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from pyarrow import fs

from codekiln.data.files import write_atomic
from codekiln.errors import ClusterError, InputError
from codekiln.launch.job import Job

JOB, OUTPUT, HEARTBEAT, OWNER = "job.json", "output", "heartbeat", "owner"
SYNC_SECONDS = 20.0
SCHEMES = ("s3", "gs", "abfs", "abfss")


def join(location: str, *parts: str) -> str:
    """Return a location below ``location``; the query of a URI stays behind its path."""
    path, mark, query = location.partition("?")
    return "/".join((path.rstrip("/"), *parts)) + mark + query


def put(job: Job, location: str) -> None:
    """Copy a job and its input folders to ``location``; ``job.json`` last, so that an incomplete copy is not a job.

    Folders of a job that exists are kept; ``job.json`` is written again when the job's settings have changed.

    Raises:
        InputError: The location cannot be written.
    """
    store, root = _filesystem(location)
    folders = {name: folder for name in job.folders if (folder := getattr(job, name)) is not None}
    values = job.model_dump(mode="json") | {name: name for name in folders} | {"output": OUTPUT}
    text = json.dumps({"module": job.module, "job": values}, indent=2)
    with _explain_os_errors(location):
        written = _read(store, f"{root}/{JOB}")
        if written is None:
            for name, folder in folders.items():
                _copy(fs.LocalFileSystem(), str(Path(folder).absolute()), store, f"{root}/{name}")
            store.create_dir(f"{root}/{OUTPUT}", recursive=True)
        if written != text:
            _write(store, f"{root}/{JOB}", text)


def get(location: str, output: Path) -> None:
    """Copy the output of a complete job into ``output``.

    Raises:
        ClusterError: The job wrote no output.
    """
    store, root = _filesystem(location)
    with _explain_os_errors(location):
        if not _files(store, f"{root}/{OUTPUT}"):
            what = f"the job is complete and left nothing in {join(location, OUTPUT)}"
            raise ClusterError(what, fix="see the job's log, and run the step again")
        output.mkdir(parents=True, exist_ok=True)
        _copy(store, f"{root}/{OUTPUT}", fs.LocalFileSystem(), str(output.absolute()))


def delete_stale_jobs(location: str, days: int) -> int:
    """Delete the jobs below ``location`` that no step has waited for in ``days`` days; returns their number."""
    store, root = _filesystem(location)
    oldest, removed = time.time() - days * 86400, 0
    with _explain_os_errors(location):
        for info in store.get_file_info(fs.FileSelector(root, allow_not_found=True)):
            # A job may be older and still wait in a queue; then the heartbeats of its step are recent.
            files = store.get_file_info([f"{info.path}/{JOB}", f"{info.path}/{HEARTBEAT}"])
            times = [file.mtime.timestamp() for file in files if file.type == fs.FileType.File]
            if times and max(times) < oldest:
                store.delete_dir(info.path)
                removed += 1
    return removed


def write_heartbeat(location: str) -> None:
    """Record that a step waits for the job at ``location`` now."""
    store, root = _filesystem(location)
    _write(store, f"{root}/{HEARTBEAT}", str(time.time()))


def read_heartbeat(location: str) -> float | None:
    """Return the time of the last heartbeat in seconds since the epoch; None: there was none."""
    store, root = _filesystem(location)
    text = _read(store, f"{root}/{HEARTBEAT}")
    return float(text) if text else None


def write_owner(location: str, token: str) -> None:
    """Record which attempt of a step owns the job at ``location``.

    Raises:
        InputError: The location cannot be written.
    """
    store, root = _filesystem(location)
    with _explain_os_errors(location):
        _write(store, f"{root}/{OWNER}", token)


def read_owner(location: str) -> str | None:
    """Return the token of the attempt that owns the job at ``location``; None: none has claimed it."""
    store, root = _filesystem(location)
    return _read(store, f"{root}/{OWNER}")


def probe(location: str) -> str:
    """Write, read and delete a small file at ``location``; returns a sentence for the check's report.

    Raises:
        InputError: One of them fails.
    """
    store, root = _filesystem(location)
    path = f"{root}/.codekiln-probe"
    with _explain_os_errors(location):
        _write(store, path, "probe")
        _read(store, path)
        store.delete_file(path)
    return f"{location.partition('?')[0]} can be written"


@contextmanager
def job_folder(location: str, node: int) -> Iterator[Path]:
    """Provide a job's location as a local folder to a pod of the job.

    Args:
        location: Location of the job, as in ``put``.
        node: Rank of this node; node 0 also deletes from storage the folders that the job deleted.
    """
    if not _is_uri(location):
        yield Path(location)
        return
    with TemporaryDirectory(prefix="codekiln-", ignore_cleanup_errors=True) as scratch:
        store, root = _filesystem(location)
        _copy(store, root, fs.LocalFileSystem(), scratch)
        output = Path(scratch) / OUTPUT
        output.mkdir(exist_ok=True)
        with _OutputUploader(output, store, f"{root}/{OUTPUT}", leader=node == 0):
            yield Path(scratch)


class _OutputUploader:
    """Uploads a job's output from a thread: each file once it has stopped changing, and every file at the end."""

    def __init__(self, folder: Path, store: fs.FileSystem, root: str, leader: bool) -> None:
        self.folder, self.store, self.root, self.leader = folder, store, root, leader
        self.uploaded = self.seen = _file_states(folder)
        self.folders = _folders(folder)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run, name="uploader", daemon=True)

    def __enter__(self) -> "_OutputUploader":
        self.thread.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self.stop.set()
        self.thread.join()
        self.sync(final=True)

    def _run(self) -> None:
        while not self.stop.wait(SYNC_SECONDS):
            try:
                self.sync()
            except OSError as error:
                # The next round retries; only the one at the end has to succeed.
                print(f"copying to {self.root} will be tried again: {error}", flush=True)

    def sync(self, final: bool = False) -> None:
        """Upload new and changed files; before the end only those that have not changed since the last call."""
        now = _file_states(self.folder)
        ready = [name for name, state in now.items() if final or self.seen.get(name) == state]
        # Top-level files come last: a reader takes them as the sign that the job is done.
        for name in sorted(ready, key=_is_nested, reverse=True):
            if self.uploaded.get(name) != now[name]:
                self._upload(name)
                self.uploaded = {**self.uploaded, name: now[name]}
        self.seen = now
        self._delete_removed_folders()

    def _upload(self, name: str) -> None:
        target = f"{self.root}/{name}"
        self.store.create_dir(target.rpartition("/")[0], recursive=True)
        fs.copy_files(
            str(self.folder / name), target, source_filesystem=fs.LocalFileSystem(), destination_filesystem=self.store
        )

    def _delete_removed_folders(self) -> None:
        # Trainers delete old checkpoints; left in storage, one of them could be taken for the last.
        now = _folders(self.folder)
        for name in sorted(self.folders - now) if self.leader else ():
            path = f"{self.root}/{name}"
            if self.store.get_file_info(path).type == fs.FileType.Directory:
                self.store.delete_dir(path)
        self.folders = now


def _is_nested(name: str) -> bool:
    return "/" in name


def _file_states(folder: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for parent, _, names in os.walk(folder):
        for path in (Path(parent, name) for name in names):
            with suppress(FileNotFoundError):
                stat = path.stat()
                found[str(path.relative_to(folder))] = (stat.st_size, stat.st_mtime_ns)
    return found


def _folders(folder: Path) -> set[str]:
    return {str(Path(parent, name).relative_to(folder)) for parent, names, _ in os.walk(folder) for name in names}


def _is_uri(location: str) -> bool:
    return "://" in location


def _filesystem(location: str) -> tuple[fs.FileSystem, str]:
    if not _is_uri(location):
        return fs.LocalFileSystem(), str(Path(location).absolute())
    if urlsplit(location).scheme not in SCHEMES:
        raise InputError(
            "is no location that steps and jobs both reach",
            where=location,
            fix="use an absolute folder, or s3://bucket/prefix, gs://bucket/prefix or abfss://container@account/prefix",
        )
    store, root = fs.FileSystem.from_uri(location)
    return store, root.rstrip("/")


def _read(store: fs.FileSystem, path: str) -> str | None:
    if store.get_file_info(path).type != fs.FileType.File:
        return None
    with store.open_input_stream(path) as stream:
        content: bytes = stream.read()
    return content.decode()


def _files(store: fs.FileSystem, path: str) -> list[fs.FileInfo]:
    found = store.get_file_info(fs.FileSelector(path, recursive=True, allow_not_found=True))
    return [info for info in found if info.type == fs.FileType.File]


def _copy(source: fs.FileSystem, path: str, target: fs.FileSystem, to: str) -> None:
    target.create_dir(to, recursive=True)
    fs.copy_files(path, to, source_filesystem=source, destination_filesystem=target)


def _write(store: fs.FileSystem, path: str, text: str) -> None:
    if isinstance(store, fs.LocalFileSystem):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        write_atomic(Path(path), text)
        return
    with store.open_output_stream(path) as stream:
        stream.write(text.encode())


@contextmanager
def _explain_os_errors(location: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        fix = (
            "check that the bucket exists and what the Secret's AWS_* keys, or the pod's identity, may do"
            if _is_uri(location)
            else "check that the volume is mounted, and that group 0 may write to it"
        )
        raise InputError(
            f"cannot be read or written from here: {error}", where=location.partition("?")[0], fix=fix
        ) from None
