import random
import re

import pytest

from codekiln.code.mutation import apply, mutations
from codekiln.data.edit_scripts import Edit, edits
from codekiln.data.edit_scripts import apply as edited
from codekiln.demo import editing_tasks as tasks
from codekiln.demo.snippets import Snippet

TEXT = """def total(prices, limit):
    result = 0
    for price in prices:
        if price < limit:
            result += price
    return result"""
SNIPPET = Snippet("total", TEXT, "Add up the prices below a limit.", tuple(mutations(TEXT)))


def made(kind: str, count: int = 40) -> list[tuple[str, str, str, str]]:
    found = []
    for number in range(count):
        rng = random.Random(number)
        style = rng.choice(tasks.STYLES)
        task = tasks._MAKERS[kind](SNIPPET, style, rng)
        if task:
            found.append((style, *task))
    assert found
    return found


def read(reply: str, style: str) -> list[Edit]:
    """Read what `written` wrote, without the notes."""
    number = re.escape(style.rstrip()).replace(r"\{\}", r"(\d+)")
    found = []
    for row in reply.split("\n"):
        if match := re.fullmatch(rf"drop {number}", row):
            found.append(Edit("delete", int(match[1])))
        elif match := re.fullmatch(rf"(below )?{number}(?: (.*))?", row):
            found.append(Edit("insert" if match[1] else "replace", int(match[2]), match[3] or ""))
        else:
            assert row.startswith("note: ")
    return found


def program(shown: str, style: str) -> str:
    return "\n".join(edit.text for edit in read(shown, style))


@pytest.mark.parametrize("kind", ["drop", "continued", "mend"])
def test_the_reply_restores_the_program(kind: str) -> None:
    for style, _, shown, reply in made(kind):
        after, _ = edited(program(shown, style), read(reply, style))
        assert after == TEXT or (kind == "continued" and TEXT.startswith(after))


def test_a_comparison_shows_the_program_and_the_reply_restores_it() -> None:
    for style, _, shown, reply in made("compare"):
        first, second = shown.split("\nand now\n")
        assert first == TEXT
        assert edited(program(second, style), read(reply, style))[0] == TEXT


def test_what_is_spoilt_has_the_errors_that_were_asked_for() -> None:
    for style, request, shown, reply in made("spoil"):
        assert program(shown, style) == TEXT
        counts = re.findall(r"(?:grammar|crash|result) (\d)", request)
        assert reply.count("note: ") == sum(map(int, counts))
        known = {apply(TEXT, [error]) for error in SNIPPET.errors}
        if sum(map(int, counts)) == 1:
            assert edited(TEXT, read(reply, style))[0] in known


@pytest.mark.parametrize("kind", ["show", "uses"])
def test_rows_that_are_repeated_are_rows_that_are_shown(kind: str) -> None:
    for _, _, shown, reply in made(kind):
        assert set(reply.split("\n")) <= set(shown.split("\n"))


def test_a_name_is_changed_in_every_row_that_has_it() -> None:
    for style, request, shown, reply in made("rename"):
        after, _ = edited(program(shown, style), read(reply, style))
        old = next(word for word in request.split() if re.search(rf"\b{word}\b", TEXT))
        assert not re.search(rf"(?<!\w){old}(?!\w)", after)


def test_styles_are_not_that_of_edit_scripts() -> None:
    for style in tasks.STYLES:
        assert not style.startswith("line ")
        assert tasks.numbered("a\nb", style) == style.format(1) + "a\n" + style.format(2) + "b"
        assert read(tasks.written(edits("a\nb", "a\nc\nd"), style), style) == edits("a\nb", "a\nc\nd")


def test_tasks_depend_on_the_seed_only() -> None:
    assert tasks.editing_tasks([SNIPPET], 30, 1) == tasks.editing_tasks([SNIPPET], 30, 1)
    assert tasks.editing_tasks([SNIPPET], 30, 1) != tasks.editing_tasks([SNIPPET], 30, 2)
    assert len(tasks.editing_tasks([SNIPPET], 30, 1)) == 30
