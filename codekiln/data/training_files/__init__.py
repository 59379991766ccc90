"""Files of training rows in the forms that others use: what they say, and what is wrong with them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codekiln.data.readers.files import located_rows, require_data
from codekiln.data.training_files.checks import Check, Ties, programs_of
from codekiln.data.training_files.findings import SHOWN, Findings
from codekiln.data.training_files.forms import Form, TrainingRow, form_of, read_row
from codekiln.data.training_files.turns import Fault
from codekiln.data.training_files.twins import Twins
from codekiln.errors import InputError
from codekiln.progress import progress


@dataclass
class FileReport:
    """What a training file holds.

    Attributes:
        rows: Number of rows, those included that cannot be read.
        forms: Number of rows by form, the most frequent first.
        findings: What is wrong.
        labels: Number of labelled replies by label.
    """

    rows: int = 0
    forms: Counter[str] = field(default_factory=Counter)
    findings: Findings = field(default_factory=Findings)
    labels: Counter[bool] = field(default_factory=Counter)
    _places: dict[str, list[str]] = field(default_factory=dict)

    @property
    def form(self) -> str | None:
        """The form of most rows."""
        return next((name for name, _ in self.forms.most_common(1)), None)

    def recognised(self, form: Form, where: str) -> None:
        """Count a row of a form."""
        self.forms[form.name] += 1
        places = self._places.setdefault(form.name, [])
        if len(places) < SHOWN:
            places.append(where)

    def end(self) -> None:
        """Report what is known only after the last row."""
        if len(self.labels) == 1:
            places = [place for name in self._places for place in self._places[name]]
            self.findings.add("one-sided", places[0], "good" if True in self.labels else "bad", self.labels.total())
        for name, count in self.forms.most_common()[1:]:
            for number, place in enumerate(places := self._places[name]):
                # The places that are not kept are counted with the first.
                self.findings.add("mixed-forms", place, name, 1 if number else count - len(places) + 1)


def check_file(path: Path, report: FileReport, more: Sequence[Check] = ()) -> None:
    """Check every row of a training file, one at a time, and add to ``report`` what is found.

    Args:
        path: JSON Lines or a JSON array, either with .gz.
        report: Gets the rows, the forms and the findings.
        more: Checks besides ties and twins.
    """
    require_data(path)
    twins = Twins(report.findings, lambda: _rows(path, None))
    checks: list[Check] = [Ties(report.findings), twins, *more]
    with progress(f"validate: {path.name}", None, "rows") as step:
        for row in _rows(path, report):
            programs = programs_of(row)
            for check in checks:
                check.see(row, programs)
            step(1)
        for check in checks:
            check.end()
    report.end()


def _rows(path: Path, report: FileReport | None) -> Iterator[TrainingRow]:
    """Yield the rows that can be read; the report gets what is wrong with the others, where there is one."""
    report = report or FileReport()
    try:
        for where, row in located_rows(path):
            report.rows += 1
            if made := _row(where, row, report):
                yield made
    except InputError as error:
        report.findings.add("unreadable", error.where or str(path), error.what)
    if not report.rows:
        report.findings.add("no-rows", str(path))


def _row(where: str, row: Any, report: FileReport) -> TrainingRow | None:
    try:
        if isinstance(row, InputError):
            raise Fault("not-json", row.what)
        form = form_of(row)
        report.recognised(form, where)
        made = read_row(form, row, where)
        if made.mixed:
            report.findings.add("mixed-types", where, made.mixed)
        if made.label is not None:
            report.labels[made.label] += 1
        return made
    except Fault as fault:
        report.findings.add(fault.kind, where, fault.detail)
        return None
