"""Every error that codekiln makes on purpose, read from its source: text, place, what to do, exit code."""

import ast
import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from codekiln.cli.exit_codes import FAILED, USER_ERROR
from docs.generate.sources import Module, arguments, last_name, modules, parameters
from docs.generate.texts import Reader, Texts

PACKAGE = Path(__file__).parents[2] / "codekiln"
# What a command exits with that such an error ends; `codekiln.errors` says what each is for.
ROOTS = {"InputError": USER_ERROR, "UsageError": USER_ERROR, "CodekilnError": FAILED}
# Puts errors together that are made elsewhere.
COLLECTIONS = {"InputErrors", "SettingsErrors"}
# A class of this name that is another: it is no error of codekiln's.
OTHERS = {("inference/vllm/engine.py", "Refused")}
# What Pydantic makes of the ValueError of a validator; the name of the field is known to who reads the file.
VALIDATED = "ValueError"
VALIDATORS = {"field_validator", "model_validator"}
_CLASS = re.compile(r"^class (\w+)\(([^)]*)\):", re.MULTILINE)
_FIX = "\n  fix: "


@dataclass(frozen=True)
class Message:
    """An error where it is made.

    Attributes:
        file: Path below the package.
        line: Line of the call that makes it, from 1.
        column: Column of that call in UTF-8 bytes, from 0.
        kind: Class of the error.
        what: Texts that it can have.
        where: Places that it can name.
        fix: What it can say there is to do.
        exit_code: What a command that it ends exits with.
    """

    file: str
    line: int
    column: int
    kind: str
    what: Texts
    where: Texts
    fix: Texts
    exit_code: int


@functools.cache
def messages() -> tuple[Message, ...]:
    """Return every error of the package, by file and line.

    A function that is given the text of its error makes none by itself: each call of it does.
    """
    known = modules(PACKAGE)
    codes = _exit_codes(known.values())
    found = {
        Message(module.file, call.lineno, call.col_offset, VALIDATED, texts, ("<field>",), ("correct it",), USER_ERROR)
        for module in known.values()
        if "_validator" in module.source
        for call in _of_validators(module)
        if (texts := Reader(module, known).texts(call.args[0]))
    }
    found |= {
        message
        for module in known.values()
        if any(kind in module.source for kind in codes)
        for name, call in _calls(module, codes.keys() - COLLECTIONS)
        for message in _made(Reader(module, known), call, call, name, codes[name])
    }
    return tuple(sorted(found, key=lambda each: (each.file, each.line, each.column, each.what)))


def _calls(module: Module, kinds: Iterable[str]) -> Iterator[tuple[str, ast.Call]]:
    """Yield the calls of these classes, and those of a name that a statement has set to one of them."""
    for kind in kinds:
        if (module.file, kind) not in OTHERS:
            yield from ((kind, call) for call in module.calls.get(kind, ()))
    for node in module.parents:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.IfExp() as value):
                chosen = {last_name(each) for each in ast.walk(value)} & set(kinds)
                # All have one exit code: a mistake of the user is no failure of something else.
                yield from ((kind, call) for kind in sorted(chosen)[:1] for call in module.calls.get(name, ()))


def _of_validators(module: Module) -> Iterator[ast.Call]:
    """Yield the errors of Pydantic's validators, whose texts become those of an InputError about the field."""
    for functions in module.functions.values():
        for function in functions:
            marks = {last_name(each.func if isinstance(each, ast.Call) else each) for each in function.decorator_list}
            if marks & VALIDATORS:
                calls = (node.exc for node in ast.walk(function) if isinstance(node, ast.Raise))
                yield from (call for call in calls if isinstance(call, ast.Call))


def _exit_codes(known: Iterable[Module]) -> dict[str, int]:
    """Return the exit code of each class of errors."""
    found = (match for module in known for match in _CLASS.finditer(module.source))
    classes = {match[1]: [base.strip().rpartition(".")[2] for base in match[2].split(",")] for match in found}

    def codes(name: str) -> set[int]:
        return (
            {ROOTS[name]}
            if name in ROOTS
            else set().union(*(codes(base) for base in classes.get(name, ()) if base != name))
        )

    return {name: max(values) for name in {*classes, *ROOTS} if (values := codes(name))}


def _made(reader: Reader, call: ast.Call, place: ast.Call, kind: str, code: int) -> Iterator[Message]:
    """Yield the error that a call makes; of one in a function that is given its text, that of each caller."""
    given = {each.arg: each.value for each in call.keywords if each.arg}
    text = call.args[0] if call.args else given.get("what")
    scopes = [each for each in reader.module.scopes(call) if not isinstance(each, ast.ClassDef)]
    if scopes and isinstance(text, ast.Name) and text.id in parameters(scopes[0]) and place is call:
        yield from _callers(reader, scopes[0], call, kind, code)
        return
    what, where, fix = (reader.texts(each) for each in (text, given.get("where"), given.get("fix")))
    if any(_FIX in each for each in what):
        parts = [each.partition(_FIX) for each in what]
        what, fix = (tuple(dict.fromkeys(each[number] for each in parts)) for number in (0, 2))
    yield Message(reader.module.file, place.lineno, place.col_offset, kind, what, where, fix, code)


def _callers(reader: Reader, maker: ast.AST, call: ast.Call, kind: str, code: int) -> Iterator[Message]:
    assert isinstance(maker, ast.FunctionDef | ast.AsyncFunctionDef)
    name = maker.name
    for module in reader.known.values():
        is_here = module is reader.module
        if name not in module.source or not is_here and module.imports.get(name) != (reader.module.name, name):
            continue
        for caller in module.calls.get(name, ()):
            there = Reader(module, reader.known)
            given = {(maker, key): there.texts(value) for key, value in arguments(caller, maker).items()}
            here = Reader(reader.module, reader.known, given)
            for message in _made(here, call, caller, kind, code):
                yield Message(**{**vars(message), "file": module.file})
