"""The journal beside a hardened file: the outcome of each problem that is done, so that an interrupted run goes on."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from codekiln.code.hardening.engine import Outcome
from codekiln.data.files import sha256_file, write_atomic
from codekiln.data.journals import journal_of, locked_journal
from codekiln.errors import InputError


class Journal:
    """``<out>.journal``: a digest of the inputs, a line per outcome, and the digest of what was written to ``out``.

    A line that was cut by a kill is dropped.

    Args:
        out: The hardened file.
        file: The journal, opened for reading and appending, and locked.
        inputs: Digest of everything that the outcomes depend on.

    Raises:
        InputError: ``out`` or the journal belongs to something else, or was changed.
    """

    def __init__(self, out: Path, file: IO[bytes], inputs: str) -> None:
        self._out, self._file = out, file
        self.outcomes: dict[int, Outcome] = {}
        self._written: set[str] = set()
        self._read(inputs)

    def add(self, number: int, outcome: Outcome) -> None:
        """Keep the outcome of a problem."""
        self.outcomes[number] = outcome
        self._append(f'{{"number": {number}, "outcome": {outcome.model_dump_json(exclude_defaults=True)}}}')

    def write_out(self, text: str) -> None:
        """Replace ``out`` as a whole; the journal gets its digest, so that the next run knows the file."""
        write_atomic(self._out, text)
        self._append(json.dumps({"sha256": sha256_file(self._out)}))

    def _append(self, line: str) -> None:
        self._file.write(line.encode() + b"\n")
        self._file.flush()

    def _read(self, inputs: str) -> None:
        end = 0
        self._file.seek(0)
        for number, line in enumerate(self._file):
            if not line.endswith(b"\n"):
                break
            self._take(number, line, inputs)
            end += len(line)
        self._file.truncate(end)
        self._file.seek(end)
        if not end:
            self._append(json.dumps({"inputs": inputs}))
        if self._out.exists() and self._written and sha256_file(self._out) not in self._written:
            raise self._refusal("was changed after it was written")

    def _take(self, number: int, line: bytes, inputs: str) -> None:
        try:
            content = json.loads(line)
            if number == 0:
                if content["inputs"] != inputs:
                    raise self._refusal("belongs to other problems, options, limits or another version")
            elif "sha256" in content:
                self._written.add(content["sha256"])
            else:
                self.outcomes[content["number"]] = Outcome.model_validate_json(json.dumps(content["outcome"]))
        except (ValueError, KeyError, TypeError):
            raise self._refusal(f"has a damaged journal, line {number + 1}") from None

    def _refusal(self, what: str) -> InputError:
        fix = f"delete {self._out} and {journal_of(self._out)} to harden again, or give another --output"
        return InputError(what, where=str(self._out), fix=fix)


@contextlib.contextmanager
def open_journal(out: Path, inputs: str) -> Iterator[Journal]:
    """Open and read the journal of ``out``; it is locked until it is closed.

    Raises:
        InputError: See `locked_journal` and Journal.
    """
    with locked_journal(out) as file:
        yield Journal(out, file, inputs)
