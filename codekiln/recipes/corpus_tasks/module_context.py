"""What a task shows of the module around a function, so that its prompt has all that its answer needs."""

import ast
import copy
import re
from collections.abc import Collection

from codekiln.data import normalise
from codekiln.recipes.corpus_tasks.corpus_modules import CorpusModules, ImportedName, Module
from codekiln.recipes.corpus_tasks.docstrings import as_sentence, is_prose, sentences_of
from codekiln.recipes.corpus_tasks.free_names import BUILTINS, free_names
from codekiln.recipes.corpus_tasks.functions import Definition, Function, first_line, last_line
from codekiln.recipes.corpus_tasks.purity import is_standard
from codekiln.recipes.corpus_tasks.slice_text import import_text

_MAX_LINES = 30
"""Most lines of one helper that is shown whole."""
_MAX_CHARACTERS = 2500
"""Most characters of all that is shown."""
_OBJECT = frozenset(dir(object))
_SMALL = frozenset({0, 1, -1, None, ""})
# Constants that a prompt gives in words.
_IN_WORDS = {
    " ": "spaces?|blanks?|words?", "\n": "line|newline", ",": "comma", ".": "dot|period|dotted",
    "-": "dash|hyphen|minus",
    "_": "underscore", ":": "colon", ";": "semicolon", "/": "slash|path", "=": "equals?",
    "\t": "tab", "*": "star|asterisk",
    2: "two|twice|half|halves|double|pairs?|even|odd|squared?|binary|second|both|bipart", 10: "ten|decimal|digits?",
    3: "three|triples?|triangles?|third|cube", 100: "hundred|percent\\w*", 16: "hex\\w*",
    8: "octal|bytes?", 4: "four|quarter",
}  # fmt: skip


def shown_context(
    modules: CorpusModules, module: Module, function: Function, owner: ast.ClassDef | None, *, whole: bool
) -> str | None:
    """Return the source of what a function uses of its module, for a method with its class.

    Args:
        modules: The modules of the corpus.
        module: The function's module.
        function: The function.
        owner: The class of a method.
        whole: Whether helpers are shown with their bodies; otherwise a signature and a summary are enough.

    Returns:
        The source, empty where nothing is used; None where something is too long to be shown, or is not known.
    """
    names = free_names(function.node, skip_annotations=True)
    if owner is None:
        return module_context(modules, module, names, whole=whole)
    shown = _class(owner, function, whole)
    used = names | free_names(shown, True)
    context = module_context(modules, module, used - {owner.name}, whole=whole)
    text = None if context is None else "\n\n\n".join(filter(None, [context, ast.unparse(shown)]))
    return text if text is not None and len(text) <= _MAX_CHARACTERS else None


def _class(owner: ast.ClassDef, function: Function, whole: bool) -> ast.ClassDef:
    """Return a class without one method; where not ``whole``, methods that a summary describes are without a body."""
    body: list[ast.stmt] = []
    for item in owner.body:
        if isinstance(item, Definition):
            if item.lineno == function.line:
                continue
            summary = "" if whole or item.name == "__init__" else _summary(item)
            item = copy.copy(item)
            if summary:
                item.body = [ast.Expr(ast.Constant(summary))]
            elif ast.get_docstring(item, clean=False) is not None:
                item.body = item.body[1:] or [ast.Pass()]
        elif _is_docstring(item):
            continue
        body.append(item)
    return ast.ClassDef(owner.name, owner.bases, owner.keywords, body or [ast.Pass()], owner.decorator_list)


def module_context(modules: CorpusModules, module: Module, names: Collection[str], *, whole: bool) -> str | None:
    """Return the source of names of a module, in the order of the module; see `shown_context`.

    Args:
        modules: The modules of the corpus.
        module: The function's module.
        names: The names that it uses.
        whole: Whether helpers are shown with their bodies.
    """
    parts: dict[tuple[int, str], str] = {}
    waiting, seen = sorted(set(names) - BUILTINS), set(names) | BUILTINS
    while waiting:
        name = waiting.pop(0)
        indices = module.binding.get(name, [])
        if not indices:
            return None
        for index in indices:
            part = _part(modules, module, module.statements[index], name, whole)
            if part is None:
                return None
            parts[index, part] = part
            # What a helper needs is shown with its body.
            more = _read_by(part) - seen
            waiting += sorted(more)
            seen |= more
    text = "\n".join(dict.fromkeys(part for _, part in sorted(parts.items())))
    return text if len(text) <= _MAX_CHARACTERS else None


def _read_by(text: str) -> set[str]:
    """Return the names that a shown definition reads; none for an import."""
    found: set[str] = set()
    for node in normalise.parse(text).body:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            found |= free_names(node, skip_annotations=True)
    return found


def _part(modules: CorpusModules, module: Module, node: ast.stmt, name: str, whole: bool) -> str | None:
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return _statement(module, node, whole)
    bound = _imported(module, node, name)
    if bound is None:
        return None
    alias = ast.alias(bound.attribute or bound.module, name if name != (bound.attribute or bound.module) else None)
    text = ast.unparse(
        ast.ImportFrom(node.module, [alias], node.level) if isinstance(node, ast.ImportFrom) else ast.Import([alias])
    )
    if is_standard(bound.module):
        return text
    found = _definitions(modules, bound)
    # Without its definition nobody can know what a name of another module does; a whole module is only named.
    if not found:
        return None if whole or bound.attribute else text
    shown = [_definition_text(*item, whole) for item in found]
    return None if None in shown else "\n".join([text, *map(_commented, filter(None, shown))])


def _definitions(modules: CorpusModules, bound: ImportedName, depth: int = 5) -> list[tuple[Module, ast.stmt, str]]:
    """Return the statements that define an imported name, each with its module; none where they are not known."""
    module = modules.module(bound.module)
    found: list[tuple[Module, ast.stmt, str]] = []
    for index in module.binding.get(bound.attribute, []) if module and depth else []:
        node = module.statements[index] if module else ast.Pass()
        inner = _imported(module, node, bound.attribute) if module else None
        if module and (inner is None or is_standard(inner.module)):
            found.append((module, node, bound.attribute))
        elif inner:
            found += _definitions(modules, inner, depth - 1)
    return found


def _imported(module: Module, node: ast.stmt, name: str) -> ImportedName | None:
    found = module.imported(node) if isinstance(node, ast.Import | ast.ImportFrom) else ()
    return next((item for item in found if item.name == name), None)


def _definition_text(module: Module, node: ast.stmt, name: str, whole: bool) -> str | None:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return import_text(node, [name])
    return _statement(module, node, whole)


def _statement(module: Module, node: ast.stmt, whole: bool) -> str | None:
    lines = module.source.text.split("\n")[first_line(node) - 1 : last_line(node)]
    if isinstance(node, Definition) and not whole and (summary := _summary(node)):
        head = ast.unparse(ast.FunctionDef(node.name, node.args, [ast.Pass()], [], node.returns, lineno=1)).split("\n")[
            0
        ]
        return f'{head}\n    """{summary}"""'
    if len(lines) > _MAX_LINES:
        return None
    return "\n".join(lines)


def _summary(node: ast.AsyncFunctionDef | ast.FunctionDef) -> str:
    first = next(sentences_of(ast.get_docstring(node) or ""), "")
    return as_sentence(first) if first and is_prose(first) else ""


def _commented(text: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in text.split("\n"))


def unstated_constants(function: Function, prompt: str) -> list[object]:
    """Return the constants of a body that its prompt does not give, and that nobody could guess.

    Messages of exceptions are no part of the behaviour that is compared.
    """
    body = [node for node in function.node.body if not _is_docstring(node)]
    messages = [message for node in body for item in ast.walk(node) if (message := _message(item))]
    skipped = {id(part) for message in messages for part in ast.walk(message)}
    values = [item.value for node in body for item in ast.walk(node)
              if isinstance(item, ast.Constant) and id(item) not in skipped]  # fmt: skip
    return [value for value in dict.fromkeys(values) if value not in _SMALL and not _is_given(value, prompt)]


def unstated_members(function: Function, prompt: str) -> set[str]:
    """Return the members that a body needs and its prompt does not give.

    These are members of the function's own object that are not named, or whose items have items that nobody could
    guess, and all of a global that is shown as None.
    """
    receiver = function.node.args.args[:1] if function.owner and not function.is_static else []
    own = {item.arg for item in receiver}
    empty = set(re.findall(r"^(\w+)(?:: [^=\n]+)? = None$", prompt, re.M))
    known = _OBJECT.union(re.findall(r"\w+", prompt)) - _nested(function)
    return {name for owner, name in _members(function) if owner in empty or owner in own and name not in known}


def _members(function: Function) -> set[tuple[str, str]]:
    """Return (name, member) of each member of a name in a body."""
    nodes = (node for node in ast.walk(function.node) if isinstance(node, ast.Attribute))
    return {(node.value.id, node.attr) for node in nodes if isinstance(node.value, ast.Name)}


def _nested(function: Function) -> set[str]:
    """Return the members of which a body takes an item of an item."""
    items = (node.value for node in ast.walk(function.node) if isinstance(node, ast.Subscript))
    holders = (node.value for node in items if isinstance(node, ast.Subscript))
    return {node.attr for node in holders if isinstance(node, ast.Attribute)}


def _message(node: ast.AST) -> ast.expr | None:
    return node.exc if isinstance(node, ast.Raise) else node.msg if isinstance(node, ast.Assert) else None


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_given(value: object, prompt: str) -> bool:
    if isinstance(value, str | bytes):
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        if text.strip() and len(text.strip()) > 1 and text.strip() in prompt or repr(text)[1:-1] in _quoted(prompt):
            return True
        return _is_in_words(text, prompt)
    if isinstance(value, int | float):
        return re.search(rf"(?<![\w.]){re.escape(repr(value))}(?![\w.]*\w)", prompt) is not None or _is_in_words(
            value, prompt
        )
    return value is Ellipsis


def _is_in_words(value: str | float, prompt: str) -> bool:
    return value in _IN_WORDS and re.search(rf"(?<![a-z])({_IN_WORDS[value]})(?![a-z])", prompt, re.I) is not None


def _quoted(prompt: str) -> set[str]:
    """Return what stands in quotes or backquotes in a prompt."""
    return {text for found in re.findall(r"'([^'\n]*)'|\"([^\"\n]*)\"|`([^`\n]*)`", prompt) for text in found if text}
