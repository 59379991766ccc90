import io
import json
from dataclasses import asdict

import pytest

from codekiln.cli.run_output import RunOutput
from codekiln.progress import EVENT
from codekiln.progress.live import Display
from codekiln.progress.state import State
from codekiln.stages.step import MARK
from tests.progress.terminal import terminal


def event(**fields):
    state = State(**{"label": "sft", "done": 3, "total": 10, "unit": "steps", "seconds": 3.0} | fields)
    return f"    {MARK}{EVENT}{json.dumps(asdict(state))}\n"


STAGE = [
    "12:00:00.123 - INFO - Executing task \x1b[96m'sft'\x1b[0m\n",
    f"    {MARK}== sft\n",
    f"    {MARK}sft: a warning of ours\n",
    event(),
    event(done=10, seconds=9.0, is_over=True),
    f"    {MARK}sft: done in 10 s: steps 10\n",
    "12:00:10.123 - INFO - Task \x1b[96m'sft'\x1b[0m finished with status \x1b[92mSUCCESS\x1b[0m\n",
]
LINES = ["== sft", "sft: a warning of ours", "sft: 3/10 steps (30%), about 7 s left", "sft: 10/10 steps in 9.0 s",
         "sft: done in 10 s: steps 10"]  # fmt: skip


def logged(log: io.StringIO) -> list[str]:
    return [line.partition(MARK)[2] for line in log.getvalue().splitlines() if MARK in line]


def test_a_terminal_shows_a_finished_stage_as_one_line_and_the_log_has_all():
    log = io.StringIO()
    with terminal(60) as (made, stream):
        output = RunOutput(log, stream, lambda: None, Display(stream))
        for text in STAGE:
            output.write(text)
            output.display._draw()
        output.close()
    assert made.screen() == ["sft: a warning of ours", "sft: done in 10 s: steps 10"]
    assert "sft  00:0" in made.written.decode(), "a stage that counts nothing yet shows its time"
    assert "30%" in made.written.decode()
    assert logged(log) == LINES
    assert "\x1b" not in log.getvalue()
    assert "Executing task 'sft'" in log.getvalue()


def test_a_line_that_two_processes_wrote_is_logged_and_breaks_nothing():
    log = io.StringIO()
    output = RunOutput(log, io.StringIO(), lambda: None)
    for text in (f"half a line{event().lstrip()}", f'{MARK}{EVENT}{{"label": \n', f"{MARK}{EVENT}{{}}\n"):
        output.write(text)
    assert "half a line" in log.getvalue().splitlines()
    assert len(log.getvalue().splitlines()) == 4, "the state is logged in words, too"


def test_a_file_has_the_lines_of_progress_while_the_terminal_shows_them_live():
    shown = io.StringIO()
    with terminal(60) as (made, stream):
        output = RunOutput(io.StringIO(), shown, lambda: None, Display(stream))
        for text in STAGE:
            output.write(text)
        output.close()
    assert shown.getvalue().splitlines() == LINES
    assert made.screen() == []


@pytest.mark.parametrize(
    ("lines", "unexplained"),
    [
        (["sh: 3: python3: not found"], ["sh: 3: python3: not found"]),
        ([f"{MARK}error in sft: x", "12:00:10.123 - INFO - Task 'sft' finished with status FAILURE"], []),
        (
            [
                f"{MARK}== sft",
                "    Killed",
                "12:00:10.123 - INFO - Task \x1b[96m'sft'\x1b[0m finished with status \x1b[91mFAILURE\x1b[0m",
                "12:00:10.124 - ERROR - Pipeline 'align' finished with status FAILURE. Inner task failed: 'sft'.",
                "-" * 80,
                "    [KFP Executor 2026-11-29 17:55:27,910 INFO]: Loading KFP component",
            ],
            ["Killed"],
        ),
    ],
)
def test_only_what_no_stage_and_not_kfp_has_said_is_left_unexplained(lines, unexplained):
    output = RunOutput(io.StringIO(), io.StringIO(), lambda: None)
    output.write("".join(f"{line}\n" for line in lines))
    assert output.unexplained() == unexplained
