"""Runtime errors about names: misspelt, not defined, or not defined yet."""

import ast
import builtins
import keyword
from collections.abc import Collection, Iterator

from codekiln.code.mutation.blocks import movable
from codekiln.code.mutation.kinds import Edits, TextEdit, family
from codekiln.code.mutation.scope_analysis import arguments, assigned_names, is_loop_target, removals
from codekiln.code.mutation.source import SourceCode
from codekiln.code.syntax import variables_in

_NAME = ("name", "defined", "misspelt", "misspelled", "spelt", "spelling", "typo", "undefined")


def misspelt(name: str, taken: Collection[str], turn: int = 0) -> str | None:
    """Return ``name`` with a slip of the finger that makes no known name, or None; ``turn`` picks which slip."""
    slips = [name[:place] + name[place + 1] + name[place] + name[place + 2 :] for place in range(1, len(name) - 1)]
    slips += [name[:place] + name[place + 1 :] for place in range(1, len(name))]
    slips += [name[:place] + name[place - 1 :] for place in range(2, len(name) + 1)]
    usable = [slip for slip in slips if slip != name and slip not in taken and slip.isidentifier()]
    usable = [slip for slip in usable if not keyword.iskeyword(slip)]
    return usable[turn % len(usable)] if len(name) > 2 and usable else None


def known_names(source: SourceCode) -> set[str]:
    """Return every name, attribute and argument that occurs in the program, and the built-in ones."""
    found = set(dir(builtins))
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Constant):
            found.update(value for _, value in ast.iter_fields(node) if isinstance(value, str))
    return found


def _misspelt_names(source: SourceCode, called: bool) -> Iterator[tuple[ast.Name, str]]:
    """Yield the names that are read and (not) called, each with a misspelling."""
    taken = known_names(source)
    for turn, node in enumerate(source.each(ast.Name)):
        wrong, parent = misspelt(node.id, taken, turn), source.parents[node]
        is_called = isinstance(parent, ast.Call) and parent.func is node
        if wrong and isinstance(node.ctx, ast.Load) and is_called == called:
            yield node, wrong


@family("runtime", "CodeLab", "Mueller", keywords=_NAME)
def misspelt_variable(source: SourceCode) -> Edits:
    """The name of a variable is misspelt where it is used."""
    for node, wrong in _misspelt_names(source, called=False):
        why = f"The name `{wrong}` is misspelt: there is no variable of that name."
        yield TextEdit(source.span(node), wrong, f"the name `{wrong}`", why, (wrong.lower(),))


@family("runtime", "PY4E", "CodeLab", keywords=(*_NAME, "function"))
def misspelt_function(source: SourceCode) -> Edits:
    """The name of a function is misspelt where it is called."""
    for node, wrong in _misspelt_names(source, called=True):
        why = f"The name `{wrong}` is misspelt: there is no function of that name."
        yield TextEdit(source.span(node), wrong, f"the function name `{wrong}`", why, (wrong.lower(),))


@family("runtime", "Mueller", keywords=(*_NAME, "case", "capital", "lower", "upper"))
def wrong_case(source: SourceCode) -> Edits:
    """A name is written with a capital letter, or without the one it has."""
    taken = known_names(source)
    for node in source.each(ast.Name):
        wrong = node.id[0].swapcase() + node.id[1:]
        if isinstance(node.ctx, ast.Load) and wrong != node.id and wrong not in taken:
            why = f"The name `{wrong}` is not defined, because capital and small letters are different in names."
            yield TextEdit(source.span(node), wrong, f"the name `{wrong}`", why, (wrong.lower(),))


@family("runtime", "Mueller", keywords=(*_NAME, "capital", "case"))
def small_constant(source: SourceCode) -> Edits:
    """The value `True`, `False` or `None` is written with a small letter."""
    taken = known_names(source)
    for node in source.each(ast.Constant):
        wrong = source.code(node).lower()
        if (isinstance(node.value, bool) or node.value is None) and wrong not in taken:
            why = f"The value `{wrong}` is written with a small letter, so Python takes it for a name."
            yield TextEdit(source.span(node), wrong, f"the name `{wrong}`", why, (wrong,))


@family("runtime", "Jeffries 2022", keywords=("quote", "quotes", "quotation", "string", *_NAME))
def unquoted_word(source: SourceCode) -> Edits:
    """A text of one word has no quotation marks."""
    taken = known_names(source)
    for node in source.each(ast.Constant):
        word = node.value
        if not isinstance(word, str) or not word.isidentifier() or keyword.iskeyword(word):
            continue
        if word not in taken and not isinstance(source.parents[node], ast.Expr):
            why = f"The word `{word}` has no quotation marks, so Python takes it for a name that is not defined."
            yield TextEdit(source.span(node), word, f"the word `{word}`", why)


@family(
    "runtime",
    "Alzahrani 2021",
    "Deng 2013",
    keywords=(*_NAME, "initial", "initialised", "initialized", "assigned", "value"),
)
def missing_initialisation(source: SourceCode) -> Edits:
    """The statement that gives a variable its first value is missing."""
    for node, (span, code) in removals(source, ast.Assign):
        targets, function = assigned_names(node), source.function(node)
        bound = [child for child in source.each(ast.Name) if child.id in targets and isinstance(child.ctx, ast.Store)]
        first = {child.id: child for child in reversed(bound) if source.function(child) is function}
        # Where something above binds the name already, the program runs without this statement.
        fresh = all(source.parents[child] in (node, *node.targets) for child in first.values())
        if targets and fresh and not targets & arguments(function) and isinstance(node.targets[0], ast.Name):
            name = source.code(node.targets[0])
            why = f"The variable `{name}` is used before it has a value, because `{code}` is missing."
            yield TextEdit(span, "", f"the missing line `{code}`", why, (name.lower(),))


@family("runtime", "Alzahrani 2021", keywords=("before", "order", "assigned", "assignment", "value", "defined"))
def used_before_assignment(source: SourceCode) -> Edits:
    """A variable is used one line before it gets its value."""
    for node in source.each(ast.Assign):
        after = source.sibling(node, 1)
        plain = isinstance(after, ast.Assign | ast.AugAssign | ast.Expr)
        if after is None or not plain or not movable(source, [node]) or not movable(source, [after]):
            continue
        (start, middle), (begin, end) = source.rows(node), source.rows(after)
        used = assigned_names(node) & variables_in(after)
        if used and middle == begin and source.text[end - 1 : end] == "\n":
            # Several names may be used; the first in the alphabet keeps the explanation the same in every run.
            name, swapped = min(used), source.text[middle:end] + source.text[start:middle]
            why = f"The variable `{name}` is used in the line before the one that gives it a value."
            yield TextEdit((start, end), swapped, f"the variable `{name}`", why, (name.lower(),))


@family("runtime", "Deng 2013", keywords=("import", "imported", "module", *_NAME))
def missing_import(source: SourceCode) -> Edits:
    """An import is missing."""
    for node, (span, code) in removals(source, ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Import) or node.module != "__future__":
            why = f"The line `{code}` is missing, so what it should import is not defined."
            yield TextEdit(span, "", f"the missing `{code}`", why)


@family("runtime", "CodeLab", keywords=("import", "module", *_NAME))
def misspelt_module(source: SourceCode) -> Edits:
    """The name of a module is misspelt in an import."""
    for node in source.each(ast.Import, ast.ImportFrom):
        word, name = ("import", node.names[0].name) if isinstance(node, ast.Import) else ("from", node.module or "")
        wrong = f"{name}s" if name in ("math", "string") else misspelt(name, ())
        if wrong and name != "__future__":
            start = source.text.index(name, source.start(node) + len(word))
            why = f"The name of the module `{wrong}` is misspelt, so it cannot be imported."
            yield TextEdit((start, start + len(name)), wrong, f"the module name `{wrong}`", why, (wrong.lower(),))


@family("runtime", "Progmiscon")
def missing_module_prefix(source: SourceCode) -> Edits:
    """A function of a module is called without the name of the module."""
    modules = {alias.asname or alias.name for node in source.each(ast.Import) for alias in node.names}
    known = {node.id for node in source.each(ast.Name)} | set(dir(builtins))
    for node in source.each(ast.Attribute):
        if isinstance(node.value, ast.Name) and node.value.id in modules and node.attr not in known:
            name, module = node.attr, node.value.id
            why = f"The name `{name}` belongs to the module `{module}` and needs `{module}.` before it."
            keywords = "module", "prefix", "import", module.lower(), *_NAME
            yield TextEdit(source.span(node), name, f"the name `{name}`", why, keywords)


@family("runtime", "MutPy", keywords=("self", "attribute", *_NAME))
def missing_self(source: SourceCode) -> Edits:
    """A method uses an attribute without `self.` before it."""
    for node in source.each(ast.Attribute):
        own = isinstance(node.value, ast.Name) and node.value.id == "self" and isinstance(node.ctx, ast.Load)
        # The name of a built-in function would be found, and the error would not raise here.
        if own and node.attr not in dir(builtins):
            why = f"The name `{node.attr}` is an attribute of the object and needs `self.` before it."
            yield TextEdit(source.span(node), node.attr, f"the name `{node.attr}`", why)


@family("runtime", "SIDE", keywords=("global", "nonlocal", "scope", "local", "variable"))
def missing_global(source: SourceCode) -> Edits:
    """A function changes a global variable without declaring it `global`."""
    for node, (span, _) in removals(source, ast.Global, ast.Nonlocal):
        code, effect = source.code(node), "the function has a variable of its own, which has no value yet"
        yield TextEdit(span, "", f"the missing `{code}`", f"The line `{code}` is missing, so {effect}.")


@family("runtime", "CodeLab", "Mueller", keywords=("loop", "variable", *_NAME))
def misspelt_loop_variable(source: SourceCode) -> Edits:
    """The name that a loop defines is not the one that is used in it."""
    taken = known_names(source)
    for node in source.each(ast.Name):
        wrong = misspelt(node.id, taken) or f"{node.id}s"
        if is_loop_target(source, node) and wrong not in taken:
            why = f"The loop defines `{wrong}`, but the name that is used is `{node.id}`."
            keywords = wrong.lower(), node.id.lower()
            yield TextEdit(source.span(node), wrong, f"the loop variable `{wrong}`", why, keywords)
