"""The journal beside a graded file: what is known of each distinct program, on disk, and where it lies there."""

import contextlib
import hashlib
import json
import os
from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from codekiln.data.files import sha256_file
from codekiln.data.journals import journal_of, locked_journal, not_ours
from codekiln.data.records import Verdict
from codekiln.errors import InputError
from codekiln.sandbox.verdict_cache import is_infrastructure_error

_UNKNOWN = -1
_NO_NAME = '{"task_id":""'
_VERDICT = f'"verdict": {_NO_NAME}'.encode()


class GradingJournal:
    """``<out>.journal``: a digest of the inputs, a line per verdict, and the digest of ``out`` before it is put there.

    In memory there is one offset per distinct program, whose number is its place in the order of first samples. A line
    that was cut by a kill is dropped. The last verdict on a program counts.

    Args:
        out: The graded file.
        file: The journal, opened for reading and appending, and locked.
        inputs: Digest of everything that the verdicts depend on.
        programs: Number of distinct programs.

    Raises:
        InputError: ``out`` or the journal belongs to something else, or was changed.
    """

    def __init__(self, out: Path, file: IO[bytes], inputs: str, programs: int) -> None:
        self._out, self._file, self._inputs = out, file, inputs
        self._path = journal_of(out)
        self._offsets = array("q", [_UNKNOWN]) * programs
        self._to_repeat: set[int] = set()
        self._written: list[str] = []
        self._end = 0
        self._read()

    @property
    def is_finished(self) -> bool:
        """Whether ``out`` has the verdict of every program, none of them an error of the sandbox itself."""
        return self._out_is_current and not self.pending()

    def pending(self) -> Sequence[int]:
        """Return the numbers of the programs without a verdict, and of those whose sandbox failed, ascending."""
        numbered = enumerate(self._offsets)
        return array("q", (number for number, offset in numbered if offset == _UNKNOWN or number in self._to_repeat))

    def add(self, program: int, verdict: Verdict) -> None:
        """Keep the verdict on a program; its ``task_id`` is not kept."""
        self._index(program, verdict, self._end)
        text = verdict.model_copy(update={"task_id": ""}).model_dump_json()
        assert text.startswith(_NO_NAME), "fields are written in the order of the record"
        self._append(f'{{"program": {program}, "verdict": {text}}}')

    def verdict(self, program: int) -> Verdict:
        """Return the verdict on a program that has one; its ``task_id`` is empty."""
        return Verdict.model_validate(json.loads(self._line(program))["verdict"])

    def verdict_text(self, program: int, task_id: str) -> str:
        """Return the verdict on a program that has one as JSON, with a ``task_id`` that is JSON already."""
        _, is_verdict, rest = self._line(program).partition(_VERDICT)
        assert is_verdict, "it was written by `add`"
        return f'{{"task_id":{task_id}{rest.rstrip()[:-1].decode()}'

    def verdicts(self) -> Iterator[tuple[int, Verdict]]:
        """Yield the verdict on each program that has one."""
        for program, offset in enumerate(self._offsets):
            if offset != _UNKNOWN:
                yield program, self.verdict(program)

    def write_out(self, lines: Iterator[str]) -> None:
        """Replace ``out`` by these lines, as a whole.

        The journal names the digest of the new file before the file appears: a kill at any point leaves an ``out`` that
        the next run knows.
        """
        # The journal is locked, so the name is nobody else's, and a killed run leaves one such file at most.
        partial = self._out.with_name(f".{self._out.name}.partial")
        digest = hashlib.sha256()
        try:
            with partial.open("wb") as file:
                for line in lines:
                    data = line.encode() + b"\n"
                    digest.update(data)
                    file.write(data)
                file.flush()
                os.fsync(file.fileno())
            self._append(json.dumps({"sha256": digest.hexdigest()}))
            os.fsync(self._file.fileno())
            os.replace(partial, self._out)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise

    def _index(self, program: int, verdict: Verdict, offset: int) -> None:
        self._offsets[program] = offset
        (self._to_repeat.add if is_infrastructure_error(verdict) else self._to_repeat.discard)(program)
        self._out_is_current = False

    def _line(self, program: int) -> bytes:
        self._file.seek(self._offsets[program])
        return self._file.readline()

    def _append(self, line: str) -> None:
        data = line.encode() + b"\n"
        self._file.write(data)
        self._file.flush()
        self._end += len(data)

    def _read(self) -> None:
        self._out_is_current = False
        self._file.seek(0)
        for number, line in enumerate(self._file):
            if not line.endswith(b"\n"):
                break
            self._take(number, line)
            self._end += len(line)
        self._file.truncate(self._end)
        self._file.seek(0, os.SEEK_END)
        if not self._end:
            self._append(json.dumps({"inputs": self._inputs}))
        self._check_out()

    def _take(self, number: int, line: bytes) -> None:
        try:
            content: Mapping[str, Any] = json.loads(line)
            if number == 0:
                if content["inputs"] != self._inputs:
                    raise self._refusal("belongs to other problems, samples, limits or another version")
            elif "sha256" in content:
                self._written.append(content["sha256"])
                self._out_is_current = True
            else:
                self._index(content["program"], Verdict.model_validate(content["verdict"]), self._end)
        except (ValueError, KeyError, IndexError, TypeError):
            raise self._refusal(f"has a damaged journal, line {number + 1}") from None

    def _check_out(self) -> None:
        """Refuse an ``out`` that no run with this journal wrote."""
        if not self._out.exists():
            self._out_is_current = False
            return
        if not self._written:
            raise not_ours(self._out)
        digest = sha256_file(self._out)
        if digest not in self._written:
            raise self._refusal("was changed after it was written")
        self._out_is_current &= digest == self._written[-1]

    def _refusal(self, what: str) -> InputError:
        fix = f"delete {self._out} and {self._path} to grade again, or give another --output"
        return InputError(what, where=str(self._out), fix=fix)


@contextlib.contextmanager
def open_journal(out: Path, inputs: str, programs: int) -> Iterator[GradingJournal]:
    """Open and read the journal of ``out``; it is locked until it is closed.

    Raises:
        InputError: See `locked_journal` and GradingJournal.
    """
    with locked_journal(out) as file:
        yield GradingJournal(out, file, inputs, programs)
