import io

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
