import io
import logging

from codekiln.inference import endpoint
from codekiln.stages import step
from codekiln.stages.step import MARK, _MarkedStream


class Relayed(io.StringIO):
    """A stream whose reader, at the end of a line, lets another thread write the next before the writer goes on."""

    marked: _MarkedStream

    def write(self, text: str) -> int:
        written = super().write(text)
        if text.endswith("at work\n") or text == "\n":
            self.marked.write("cleaned up\n")
        return written


def test_a_line_is_marked_however_soon_it_follows_another():
    stream = Relayed()
    stream.marked = _MarkedStream(stream)
    print("at work", file=stream.marked)
    assert stream.getvalue() == f"{MARK}at work\n{MARK}cleaned up\n"


def test_every_line_has_one_mark_in_whichever_pieces_it_comes():
    stream = io.StringIO()
    marked = _MarkedStream(stream)
    for piece in ("a", "b\nc\n", "", "\n", "d"):
        marked.write(piece)
    assert stream.getvalue() == f"{MARK}ab\n{MARK}c\n{MARK}\n{MARK}d"


def test_warnings_are_lines_of_the_step_and_thousands_of_one_kind_are_a_few(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(step.sys, "stderr", _MarkedStream(stream))
    monkeypatch.setattr(logging.getLogger("codekiln"), "handlers", [])
    step._mark_warnings("generate")
    for number in range(1000):
        endpoint.log.warning("busy: %d", number)
    endpoint.log.warning("all on thought")
    endpoint.log.info("not said")
    lines = [f"{MARK}generate: warning: {text}" for text in ("busy: 0", "busy: 1", "busy: 2", "all on thought")]
    assert stream.getvalue().splitlines() == lines
