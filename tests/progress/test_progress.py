import io
import re
import sys
import threading

import pytest

from codekiln import progress
from codekiln.progress import EVENT, EVENTS, PlainLines, live, read_event
from codekiln.progress.state import State, is_live
from tests.progress.terminal import terminal


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test moves."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (State("dpo", 3, 10, "steps", 6.0), "dpo: 3/10 steps (30%), about 14 s left"),
        (State("dpo", 5, 10, "steps", 6.0, before=3), "dpo: 5/10 steps (50%), about 15 s left"),
        (State("validate", 7, None, "rows", 6.0), "validate: 7 rows"),
        (State("dpo", 10, 10, "steps", 6.25, is_over=True), "dpo: 10/10 steps in 6.2 s"),
        (State("none", 0, 0, "rows", 0.0, is_over=True), "none: 0/0 rows in 0.0 s"),
    ],
)
def test_a_state_in_words(state, line):
    assert state.line == line


def test_a_log_gets_a_line_every_two_seconds_and_one_at_the_end(capsys, clock):
    with progress.progress("grade", 10, "samples") as step:
        for _ in range(10):
            clock[0] += 0.9
            step(1)
    assert capsys.readouterr().err.splitlines() == [
        "grade: 3/10 samples (30%), about 6 s left",
        "grade: 6/10 samples (60%), about 4 s left",
        "grade: 9/10 samples (90%), about 1 s left",
        "grade: 10/10 samples in 9.0 s",
    ]


def test_work_that_fails_has_no_last_line(capsys):
    def work():
        with progress.progress("grade", 10) as step:
            step(1)
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        work()
    assert capsys.readouterr().err == ""


def test_a_step_says_where_it_is_and_the_run_logs_what_it_would_have_printed(capsys, clock, monkeypatch):
    monkeypatch.setenv(EVENTS, "yes")
    with progress.progress("grade", 100, "samples") as step:
        for _ in range(100):
            clock[0] += 0.09
            step(1)
    events = capsys.readouterr().err.splitlines()
    assert 30 < len(events) < 40, "five a second at most"
    lines = []
    plain = PlainLines(lines.append)
    for event in events:
        assert event.startswith(EVENT)
        plain(read_event(event))
    assert len(lines) == 5
    assert lines[-1] == "grade: 100/100 samples in 9.0 s"


@pytest.mark.parametrize(("term", "live"), [("xterm", True), ("dumb", False), (None, False)])
def test_a_terminal_that_cannot_draw_gets_plain_lines(monkeypatch, term, live):
    monkeypatch.delenv("TERM", raising=False)
    if term:
        monkeypatch.setenv("TERM", term)
    with terminal() as (_, stream):
        assert is_live(stream) is live
    assert not is_live(io.StringIO())


def shown_in(columns: int, monkeypatch, work, stdout=None) -> tuple[list[str], str]:
    """Return what stands in a terminal after some work, and all that was written to it."""
    monkeypatch.setenv("TERM", "xterm")
    with terminal(columns) as (made, stream):
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setattr(sys, "stdout", stdout or stream)
        work(made)
    return made.screen(), made.written.decode()


@pytest.mark.parametrize(
    ("columns", "form"),
    [
        (100, r"evaluate: dpo +\S* +40%  4/10 programs  [\d.]+/s  \d\d:\d\d left"),
        (40, r"evaluate: dpo +\S* +40% \d\d:\d\d left"),
        (20, r"evaluate: dpo 40%"),
    ],
)
def test_a_live_line_fits_its_terminal_and_leaves_nothing(monkeypatch, columns, form):
    def work(made):
        with progress.progress("evaluate: dpo", 10, "programs") as step:
            step(4)
            live._Shared.display._draw()

    screen, written = shown_in(columns, monkeypatch, work)
    assert screen == []
    frames = written.replace("\n", "\r").replace("\x1b[K", "").split("\r")
    assert any(re.fullmatch(form, frame.rstrip()) for frame in frames), frames
    assert max(map(len, frames)) < columns
    assert "\x1b" not in written.replace("\x1b[K", ""), "no colours: only the end of a line is erased"


def test_what_is_printed_meanwhile_stands_above_in_whole_lines(monkeypatch):
    def work(made):
        with progress.progress("grade", 500, "samples") as step:
            for number in range(100):
                step(5)
                print(f"warning {number}", file=sys.stderr)
                print("half ", end="")
                step(0)
                print("a line")

    screen, _ = shown_in(90, monkeypatch, work)
    assert screen == [line for number in range(100) for line in (f"warning {number}", "half a line")]


def test_the_line_follows_the_width_of_its_terminal(monkeypatch):
    widths = (120, 40, 90)

    def work(made):
        with progress.progress("grade", 500, "samples") as step:
            for columns in widths:
                made.resize(columns)
                step(5)
                live._Shared.display._draw()
                print("next")

    _, written = shown_in(80, monkeypatch, work)
    frames = [part.replace("\x1b[K", "").split("\r") for part in written.split("next")]
    last = [[frame for frame in part if re.search(r"[123]%", frame)][-1] for part in frames[:3]]
    assert [columns - len(frame) for columns, frame in zip(widths, last, strict=True)] == [1, 1, 1]


def test_a_redirected_output_gets_the_output_alone(monkeypatch):
    out = io.StringIO()

    def work(made):
        with progress.progress("grade", 5, "samples") as step:
            step(1)
            print("a result")
        assert sys.stdout is out

    screen, written = shown_in(80, monkeypatch, work, out)
    assert (out.getvalue(), screen) == ("a result\n", [])
    assert "grade" in written


def test_threads_and_work_within_work_share_the_line(monkeypatch):
    def one(name):
        with progress.progress(name, 50, "rows") as step:
            for _ in range(50):
                step(1)
                print(f"{name} said", file=sys.stderr)

    def work(made):
        with progress.progress("outer", 2, "parts") as step:
            threads = [threading.Thread(target=one, args=(name,)) for name in ("first", "second")]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            step(2)

    screen, _ = shown_in(80, monkeypatch, work)
    # print writes a line and its end apart, so two threads may put theirs together.
    assert sum(line.count("said") for line in screen) == 100
    assert not any("%" in line for line in screen)


def test_a_terminal_that_is_gone_stops_nothing(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    with terminal() as (_, stream):
        monkeypatch.setattr(sys, "stderr", stream)
        with progress.progress("grade", 5, "samples") as step:
            stream.close()
            step(1)
            live._Shared.display._draw()
