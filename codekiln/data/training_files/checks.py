"""The checks of a training file's rows: each sees the rows one by one and keeps little of each."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from codekiln.data.decontamination import identity_keys, program_key, prompt_and_reference, quote_finder
from codekiln.data.near_duplicates import NearDuplicates
from codekiln.data.program_parts import is_program
from codekiln.data.records import Problem
from codekiln.data.replies import extract_code
from codekiln.data.training_files.findings import Findings
from codekiln.data.training_files.forms import TrainingRow


class Check(Protocol):
    """Sees every row of a file, then the end of it."""

    def see(self, row: TrainingRow, programs: Sequence[str]) -> None:
        """Take a row and the programs in its replies."""

    def end(self) -> None:
        """Report what is known only after the last row."""


class Ties:
    """Finds pairs whose chosen and rejected replies are equal, as they are or as programs up to renaming."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings

    def see(self, row: TrainingRow, programs: Sequence[str]) -> None:
        """Compare the two replies of a pair."""
        if not row.is_pair:
            return
        if row.replies[0] == row.replies[1]:
            self._findings.add("tie", row.where)
        elif _plain(row.replies[0]) == _plain(row.replies[1]) or _is_same_program(*programs):
            self._findings.add("tie-normalised", row.where)

    def end(self) -> None:
        """Everything has been reported."""


def _plain(text: str) -> str:
    return " ".join(text.split())


def _is_same_program(one: str, other: str) -> bool:
    if not (is_program(one) and is_program(other)):
        return False
    key = program_key(one)
    return key is not None and key == program_key(other)


class Leaks:
    """Finds rows that have what an evaluation set has, by the rules by which a run's problems are decontaminated.

    The words of the prompt or the program up to renaming are those of an evaluation problem; the prompt quotes one
    whole; prompt and program together nearly repeat one.
    """

    def __init__(self, findings: Findings, evaluation: Sequence[Problem]) -> None:
        self._findings, self._evaluation = findings, evaluation
        self._owners = {key: problem.task_id for problem in evaluation for key in identity_keys(problem)}
        self._quotes = quote_finder(problem.prompt for problem in evaluation)
        self._near = NearDuplicates([prompt_and_reference(problem) for problem in evaluation])

    def see(self, row: TrainingRow, programs: Sequence[str]) -> None:
        """Compare a row with the evaluation set."""
        if detail := next(self._found(row, programs), None):
            self._findings.add("leak", row.where, detail)

    def _found(self, row: TrainingRow, programs: Sequence[str]) -> Iterator[str]:
        asked = [Problem(task_id=row.where, prompt=row.question, reference=program) for program in programs]
        for key in sorted(key for problem in asked for key in identity_keys(problem)):
            if key in self._owners:
                yield f"has the {_MEANING[key.split()[0]]} of {self._owners[key]}"
        if self._quotes(row.question):
            yield "quotes the prompt of an evaluation problem"
        for problem in asked:
            if near := self._near.most_alike(prompt_and_reference(problem)):
                yield f"nearly repeats {self._evaluation[near[0]].task_id} ({near[1]:.2f})"

    def end(self) -> None:
        """Everything has been reported."""


_MEANING = {"words": "prompt", "code": "reference", "group": "group"}


def programs_of(row: TrainingRow) -> list[str]:
    """Return the programs in a row's replies, taken as generation takes them."""
    return [extract_code(text) for text in row.programs_in]
