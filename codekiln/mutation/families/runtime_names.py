"""Runtime errors about names: misspelt, not defined, or not defined yet."""

import ast
import builtins
import keyword
from collections.abc import Iterator

from codekiln.mutation.kinds import Edit, family
from codekiln.mutation.source import Source

_NAME = ("name", "defined", "misspelt", "misspelled", "spelt", "spelling", "typo", "undefined")


def misspelt(name: str, taken: frozenset[str] | set[str], turn: int = 0) -> str | None:
    """Return ``name`` with a slip of the finger that makes no known name, or None; ``turn`` picks which slip."""
    slips = [name[:place] + name[place + 1] + name[place] + name[place + 2 :] for place in range(1, len(name) - 1)]
    slips += [name[:place] + name[place + 1 :] for place in range(1, len(name))]
    slips += [name[:place] + name[place - 1 :] for place in range(2, len(name) + 1)]
    usable = [slip for slip in slips if slip != name and slip not in taken and slip.isidentifier()]
    usable = [slip for slip in usable if not keyword.iskeyword(slip)]
    return usable[turn % len(usable)] if len(name) > 2 and usable else None


def known_names(source: Source) -> set[str]:
    """Return every name, attribute and argument that occurs in the program, and the built-in ones."""
    found = set(dir(builtins))
    for node in ast.walk(source.tree):
        found.update(
            value for _, value in ast.iter_fields(node) if isinstance(value, str) and not isinstance(node, ast.Constant)
        )
    return found


@family("runtime")
def misspelt_name(source: Source) -> Iterator[Edit]:
    """The name of a variable or a function is misspelt where it is used.

    Source: PY4E; CodeLab.
    """
    taken = known_names(source)
    for turn, node in enumerate(source.each(ast.Name)):
        wrong = misspelt(node.id, taken, turn)
        if isinstance(node.ctx, ast.Load) and wrong:
            yield Edit(
                *source.span(node),
                wrong,
                f"the name `{wrong}`",
                f"The name `{wrong}` is misspelt, and no variable or function has that name.",
                (*_NAME, wrong.lower()),
            )
