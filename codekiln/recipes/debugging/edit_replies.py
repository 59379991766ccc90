"""Replies as edit scripts: the lines that change, and below them why, for models that cannot repeat a whole program.

    line 6: if celsius < 0:
    why: The comparison uses `<` where `<=` is needed, so it wrongly leaves the boundary value out.
    line 13: print("Water is", fahrenheit)
    why: The variable `fahrenheit` is used where `state` is needed.

`codekiln.data.edit_scripts` has all edits. Edits above one ``why`` are one error, or as many as there are ``why`` lines
below them. Lines are those of the correct program; a reply that was read has the lines of the program with errors, as
every reply has.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from codekiln.code.mutation.diff import changes, with_change
from codekiln.data.edit_scripts import Edit, apply, edits, parsed
from codekiln.data.text import lines_of
from codekiln.recipes.debugging.tags import ExerciseReply, Explanation

WHY = "why:"


@dataclass
class _Group:
    """Edits that stand together, and the explanations below them."""

    edits: list[Edit] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    @property
    def lines(self) -> set[int]:
        """Lines of the correct program that the edits name."""
        return {edit.line for edit in self.edits}


def write_edits(correct: str, bugged: str, explanations: Sequence[Explanation]) -> str:
    """Return the edits that turn ``correct`` into ``bugged``, each with the explanations of its line of ``bugged``.

    Raises:
        ValueError: An explanation names a line on which nothing was changed, or a change has none.
    """
    groups: list[_Group] = []
    left = list(explanations)
    for change in changes(correct, bugged):
        group = _Group(edits(correct, with_change(correct, change)))
        if groups and group.lines & groups[-1].lines:
            # Two changes of one line are one edit of it: only both together are the line that is there now.
            group = groups[-1]
            group.edits = [edit for edit in edits(correct, bugged) if edit.line in group.lines]
        else:
            groups.append(group)
        reason = next((item for item in left if item.line == change.line), None)
        if reason is not None:
            left.remove(reason)
            group.reasons.append(reason.text)
        elif not group.reasons:
            raise ValueError(f"line {change.line} was changed, and no explanation names it")
    if left:
        raise ValueError(f"line {left[0].line} is explained, but nothing was changed there")
    return "\n".join(_written(groups))


def _written(groups: Sequence[_Group]) -> list[str]:
    return [
        line
        for group in groups
        for line in (*map(str, group.edits), *(f"{WHY} {' '.join(reason.split())}" for reason in group.reasons))
    ]


def read_edits(text: str, correct: str) -> ExerciseReply:
    """Parse a reply that is an edit script of ``correct``, with every fault in its form."""
    groups, faults = _groups(text)
    script = [edit for group in groups for edit in group.edits]
    if not script:
        return ExerciseReply(None, faults=(*faults, "no line is edited"))
    try:
        program, places = apply(correct, script)
    except ValueError as error:
        return ExerciseReply(None, faults=(*faults, str(error)))
    shown = iter(places)
    changed = [change.line for change in changes(correct, program)]
    explanations: list[Explanation] = []
    for group in groups:
        lines = [next(shown) for _ in group.edits]
        explanations += _explanations(group, lines, changed)
    return ExerciseReply(program, tuple(item.line for item in explanations), tuple(explanations), tuple(faults))


def _groups(text: str) -> tuple[list[_Group], list[str]]:
    groups: list[_Group] = []
    faults: list[str] = []
    for line in (line.rstrip("\r\n") for line in lines_of(text)):
        reason = line.removeprefix(WHY).strip() if line.startswith(WHY) else ""
        if reason and groups:
            groups[-1].reasons.append(reason)
        elif (edit := parsed(line)) is not None:
            if not groups or groups[-1].reasons:
                groups.append(_Group())
            groups[-1].edits.append(edit)
        elif line.strip():
            faults.append(f"neither an edit nor the why of one: {line[:40]!r}")
    faults += [f"no why explains the edit of line {group.edits[-1].line}" for group in groups if not group.reasons]
    return groups, faults


def _explanations(group: _Group, lines: Sequence[int], changed: Sequence[int]) -> list[Explanation]:
    """Give each reason of a group the line of one of its changes; one without a change has its first line."""
    here = [line for line in changed if line in lines] or [lines[0]]
    places = here[: len(group.reasons)] + [lines[0]] * (len(group.reasons) - len(here))
    return [Explanation(line, reason) for line, reason in zip(places, group.reasons, strict=True)]
