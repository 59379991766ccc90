"""Pretraining tasks on real code: find, copy, change, spoil and mend numbered rows.

They teach the base model what every recipe builds on: to look back at a program and repeat the part that matters. Rows
are numbered in several styles, none of them that of ``codekiln.data.edit_scripts``, and requests are worded unlike
those of the recipes, so that a recipe has its form left to teach.
"""

import random
import re
from collections.abc import Callable, Sequence

from codekiln.code.mutation import Mutation, apply
from codekiln.data.edit_scripts import Edit, edits
from codekiln.data.records import Message
from codekiln.demo.pretraining_corpus import Conversation
from codekiln.demo.snippets import Snippet

# How a numbered row begins. A reply writes rows as it was shown them.
STYLES = ("{}| ", "{}) ", "[{}] ", "row {} - ", "#{} ", "{}> ", "{}. ", "R{}: ")
CLASS_WORDS = {"syntax": "grammar", "runtime": "crash", "logical": "result"}
WEIGHTS = {
    "show": 8,
    "uses": 6,
    "replace": 7,
    "rename": 6,
    "drop": 4,
    "continued": 7,
    "compare": 7,
    "spoil": 25,
    "mend": 30,
}
MOST_ROWS = 4
_NAMES = re.compile(r"(?<![\w.'\"])[A-Za-z_]\w{2,}(?![\w'\"])")
_KEYWORDS = re.compile(r"def|class|return|import|from|for|while|with|not|and|None|True|False|self|else|elif|try|except")

_CONSONANTS = "bcdfghklmnprstvw"

Task = tuple[str, str, str]
"""What is asked, the rows that are shown, the reply."""
Maker = Callable[[Snippet, str, random.Random], Task | None]


def editing_tasks(found: Sequence[Snippet], count: int, seed: int) -> list[Conversation]:
    """Return ``count`` conversations about snippets, each snippet about equally often, always the same for a seed."""
    rng = random.Random(f"editing {seed}")
    made: list[Conversation] = []
    number = 0
    while len(made) < count:
        snippet = found[number % len(found)]
        number += 1
        kind = rng.choices([*WEIGHTS], [*WEIGHTS.values()])[0]
        task = _MAKERS[kind](_renamed(snippet, rng), rng.choice(STYLES), rng)
        if task:
            made.append(_conversation(*task, snippet.summary, rng))
    return made


def numbered(text: str, style: str) -> str:
    """Return a program with the number of each row before it, in one of ``STYLES``."""
    return "\n".join(style.format(number) + row for number, row in enumerate(text.split("\n"), 1))


def written(script: Sequence[Edit], style: str) -> str:
    """Return edits as rows in one of ``STYLES``; a row that goes is dropped, a new one stands below another."""
    return "\n".join(_written(edit, style.format(edit.line)) for edit in script)


def _written(edit: Edit, start: str) -> str:
    if edit.action == "delete":
        return f"drop {start}".rstrip()
    return f"below {start}{edit.text}" if edit.action == "insert" else start + edit.text


def _conversation(request: str, shown: str, reply: str, summary: str, rng: random.Random) -> Conversation:
    parts = [request, shown] if rng.random() < 0.5 else [shown, request]
    if summary and rng.random() < 0.4:
        parts.insert(0, summary)
    return Message(role="user", content="\n".join(parts)), Message(role="assistant", content=reply)


def _renamed(snippet: Snippet, rng: random.Random) -> Snippet:
    """Return the snippet, in half the cases without its errors and with a few names replaced by rare ones."""
    if rng.random() < 0.5:
        return snippet
    text = snippet.text
    for name in rng.sample(_names(text), min(3, len(_names(text)))):
        text = _with_name(text, name, _new_name(rng))
    return Snippet(snippet.name, text, "", ()) if text != snippet.text else snippet


def _names(text: str) -> list[str]:
    return sorted({name for name in _NAMES.findall(text) if not _KEYWORDS.fullmatch(name)})


def _with_name(text: str, old: str, new: str) -> str:
    return re.sub(rf"(?<![\w'\"]){old}(?![\w'\"])", new, text)


def _new_name(rng: random.Random) -> str:
    return "_".join(_syllables(rng) for _ in "ab") if rng.random() < 0.4 else _syllables(rng)


def _syllables(rng: random.Random) -> str:
    return "".join(rng.choice(_CONSONANTS) + rng.choice("aeiou") for _ in range(rng.randint(1, 3)))


def _show(snippet: Snippet, style: str, rng: random.Random) -> Task:
    rows = numbered(snippet.text, style).split("\n")
    first = rng.randrange(len(rows))
    last = min(len(rows), first + rng.choice((1, 1, 1, 2, 3)))
    where = f"row {first + 1}" if last == first + 1 else f"rows {first + 1} to {last}"
    return (
        rng.choice(("Give {} again.", "Repeat {}.", "What is in {}?")).format(where),
        "\n".join(rows),
        "\n".join(rows[first:last]),
    )


def _uses(snippet: Snippet, style: str, rng: random.Random) -> Task | None:
    names = _names(snippet.text)
    if not names:
        return None
    name = rng.choice(names)
    rows = [row for row in numbered(snippet.text, style).split("\n") if re.search(rf"\b{name}\b", row)]
    if len(rows) > MOST_ROWS:
        return None
    return (
        rng.choice(("Which rows have {}?", "List the rows with {}.")).format(name),
        numbered(snippet.text, style),
        "\n".join(rows),
    )


def _replace(snippet: Snippet, style: str, rng: random.Random) -> Task | None:
    rows = snippet.text.split("\n")
    number = rng.randrange(len(rows))
    words = re.findall(r"\w+", rows[number])
    if not words:
        return None
    old, new = rng.choice(words), rng.choice(_names(snippet.text) or ["value"])
    changed = re.sub(rf"\b{re.escape(old)}\b", new, rows[number])
    if changed == rows[number]:
        return None
    request = rng.choice(("Write {1} in place of {0} in row {2}.", "Row {2}: put {1} where {0} stands."))
    return request.format(old, new, number + 1), numbered(snippet.text, style), style.format(number + 1) + changed


def _rename(snippet: Snippet, style: str, rng: random.Random) -> Task | None:
    names = _names(snippet.text)
    if not names:
        return None
    old, new = rng.choice(names), _new_name(rng)
    script = edits(snippet.text, _with_name(snippet.text, old, new))
    if not 0 < len(script) <= MOST_ROWS:
        return None
    request = rng.choice(("Call {} {} instead.", "{} is to be named {}; write the rows that change."))
    return request.format(old, new), numbered(snippet.text, style), written(script, style)


def _drop(snippet: Snippet, style: str, rng: random.Random) -> Task:
    rows = snippet.text.split("\n")
    number = rng.randrange(len(rows))
    twice = "\n".join([*rows[: number + 1], rows[number], *rows[number + 1 :]])
    return "One row stands there twice.", numbered(twice, style), written([Edit("delete", number + 2)], style)


def _continued(snippet: Snippet, style: str, rng: random.Random) -> Task | None:
    rows = snippet.text.split("\n")
    first = rng.randrange(1, len(rows))
    if rng.random() < 0.5:
        shown, script = rows[:first], [Edit("insert", first, row) for row in rows[first : first + rng.randint(1, 3)]]
        request = rng.choice(("Go on.", "What comes next?"))
    else:
        shown, script = rows[:first] + rows[first + 1 :], [Edit("insert", first, rows[first])]
        request = rng.choice(("A row is missing. Add it.", "One row was lost."))
    return request, numbered("\n".join(shown), style), written(script, style)


def _compare(snippet: Snippet, style: str, rng: random.Random) -> Task | None:
    if not snippet.errors or len(snippet.text) > 450:
        return None
    changed = _spoilt(snippet.text, _chosen(snippet, 2, rng))
    script = edits(changed, snippet.text)
    shown = f"{snippet.text}\nand now\n{numbered(changed, style)}"
    return "Make the second text the first again.", shown, written(script, style)


def _spoil(snippet: Snippet, style: str, rng: random.Random) -> Task | None:
    if not snippet.errors:
        return None
    chosen = _chosen(snippet, rng.choice((1, 1, 1, 1, 2, 2, 3)), rng)
    counts = ", ".join(
        f"{word} {sum(error.intended == name for error in chosen)}" for name, word in CLASS_WORDS.items()
    )
    reply = []
    for error in chosen:
        script = edits(snippet.text, apply(snippet.text, [error]))
        if len(script) > MOST_ROWS:
            return None
        reply.append(f"{written(script, style)}\nnote: {error.explanation}")
    return (
        rng.choice(("Spoil this: {}.", "Put mistakes in. {}.")).format(counts),
        numbered(snippet.text, style),
        "\n".join(reply),
    )


def _mend(snippet: Snippet, style: str, rng: random.Random) -> Task | None:
    if not snippet.errors:
        return None
    (error,) = _chosen(snippet, 1, rng)
    changed = apply(snippet.text, [error])
    script = edits(changed, snippet.text)
    if len(script) > MOST_ROWS:
        return None
    request = rng.choice(("Something is wrong here.", "Mend this.", "Find the mistake.")) + (
        f" Kind: {CLASS_WORDS[error.intended]}." if rng.random() < 0.5 else ""
    )
    reply = written(script, style)
    note = f"note: {error.explanation}"
    order = rng.choice(([reply], [reply, note], [note, reply]))
    return request, numbered(changed, style), "\n".join(order)


def _chosen(snippet: Snippet, count: int, rng: random.Random) -> list[Mutation]:
    """Return up to ``count`` errors of drawn classes that stand in different rows, in the order of the rows."""
    chosen: dict[int, Mutation] = {}
    for _ in range(count):
        wanted = rng.choice([*CLASS_WORDS])
        fitting = [error for error in snippet.errors if error.intended == wanted] or list(snippet.errors)
        error = rng.choice(fitting)
        row = snippet.text.count("\n", 0, error.start)
        if all(abs(row - other) > 1 + error.text.count("\n") for other in chosen):
            chosen[row] = error
    return [chosen[row] for row in sorted(chosen)]


def _spoilt(text: str, chosen: Sequence[Mutation]) -> str:
    try:
        return apply(text, chosen)
    except ValueError:
        return apply(text, chosen[:1])


_MAKERS: dict[str, Maker] = {
    "show": _show,
    "uses": _uses,
    "replace": _replace,
    "rename": _rename,
    "drop": _drop,
    "continued": _continued,
    "compare": _compare,
    "spoil": _spoil,
    "mend": _mend,
}
