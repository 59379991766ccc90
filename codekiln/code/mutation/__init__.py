"""Mutations: realistic errors put into programs, with an explanation of each.

``mutations`` finds every place where a family of errors can be put as one edit of the text, ``apply`` makes the edits,
``diff`` finds the edits between two programs, and ``proof`` shows of which class an error is. ``ast_operators`` makes
whole programs with one error from the syntax tree, where only the program matters and not its layout.
"""

from collections.abc import Collection, Iterable

from codekiln.code.mutation import families  # noqa: F401  (its modules register the families)
from codekiln.code.mutation.kinds import CLASSES, FAMILIES, Class, Kind, Mutation
from codekiln.code.mutation.source import SourceCode
from codekiln.data.normalise import TooDeep
from codekiln.data.python_text import compiled
from codekiln.errors import InputError, InputErrors, did_you_mean

__all__ = ["CLASSES", "Class", "Kind", "Mutation", "apply", "compiles", "kinds", "mutations"]


def kinds() -> dict[str, Kind]:
    """Return every family by name, those of syntax errors first, then of runtime errors, then of logical errors."""
    found = sorted((kind for kind, _ in FAMILIES.values()), key=lambda kind: (CLASSES.index(kind.intended), kind.name))
    return {kind.name: kind for kind in found}


def mutations(code: str, classes: Collection[Class] = CLASSES, kinds: Collection[str] | None = None) -> list[Mutation]:
    """Return every mutation of ``code`` that these classes and families have, in source order.

    Each changes the text, to one that does not compile if and only if the family aims at a syntax error. No two make
    the same text.

    Args:
        code: A program that compiles.
        classes: Only families that aim at these classes.
        kinds: Only these families; None for all.

    Raises:
        SyntaxError: ``code`` does not parse, or nests too deep.
        InputError: There is no such class or family.
    """
    _check(classes, kinds)
    source = SourceCode(code)
    found: dict[str, Mutation] = {}
    for name, (kind, family) in FAMILIES.items():
        if kind.intended in classes and (kinds is None or name in kinds):
            for mutation in family(source):
                changed = _replaced(code, mutation)
                if changed != code and changed not in found and compiles(changed) == (kind.intended != "syntax"):
                    found[changed] = mutation
    return sorted(found.values(), key=lambda item: (item.start, item.end, item.kind, item.text))


def apply(code: str, chosen: Iterable[Mutation]) -> str:
    """Return ``code`` with all ``chosen`` mutations of it.

    Raises:
        ValueError: Two of them overlap, or insert at the same place.
    """
    ordered = sorted(chosen, key=lambda item: (item.start, item.end))
    for left, right in zip(ordered, ordered[1:], strict=False):
        if right.start < left.end or (right.start, right.end) == (left.start, left.end):
            raise ValueError(f"{left.kind} at {left.start} and {right.kind} at {right.start} overlap")
    for mutation in reversed(ordered):
        code = _replaced(code, mutation)
    return code


def compiles(code: str) -> bool:
    """Say whether Python accepts ``code`` as a program; it is not run."""
    try:
        compiled(code, "<program>")
    except (RecursionError, MemoryError) as error:
        raise TooDeep("nested too deep for the compiler") from error
    except (SyntaxError, ValueError):
        return False
    return True


def _replaced(code: str, mutation: Mutation) -> str:
    return code[: mutation.start] + mutation.text + code[mutation.end :]


def _check(classes: Collection[str], names: Collection[str] | None) -> None:
    wrong: list[tuple[str, Collection[str], str]]
    wrong = [(name, CLASSES, "classes") for name in classes if name not in CLASSES]
    wrong += [(name, FAMILIES, "kinds") for name in names or () if name not in FAMILIES]
    if wrong:
        raise InputErrors(
            InputError(f"no {where} '{name}'", where=f"mutations.{where}", fix=did_you_mean(name, known))
            for name, known, where in wrong
        )
