"""Runtime errors about names: misspelt, not defined, or not defined yet."""

import ast
import builtins
import keyword
from collections.abc import Collection, Iterator

from codekiln.code.mutation.blocks import movable, short
from codekiln.code.mutation.kinds import Edit, family
from codekiln.code.mutation.scope_analysis import names, removed, stored
from codekiln.code.mutation.source import FUNCTIONS, Source

_NAME = ("name", "defined", "misspelt", "misspelled", "spelt", "spelling", "typo", "undefined")


def misspelt(name: str, taken: Collection[str], turn: int = 0) -> str | None:
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
        if not isinstance(node, ast.Constant):
            found.update(value for _, value in ast.iter_fields(node) if isinstance(value, str))
    return found


def _loads(source: Source) -> Iterator[tuple[int, ast.Name]]:
    return ((turn, node) for turn, node in enumerate(source.each(ast.Name)) if isinstance(node.ctx, ast.Load))


def _is_called(source: Source, node: ast.Name) -> bool:
    parent = source.parents[node]
    return isinstance(parent, ast.Call) and parent.func is node


@family("runtime")
def misspelt_variable(source: Source) -> Iterator[Edit]:
    """The name of a variable is misspelt where it is used.

    Source: CodeLab; Mueller.
    """
    taken = known_names(source)
    for turn, node in _loads(source):
        wrong = misspelt(node.id, taken, turn)
        if wrong and not _is_called(source, node):
            yield Edit(
                *source.span(node),
                wrong,
                f"the name `{wrong}`",
                f"The name `{wrong}` is misspelt: there is no variable of that name.",
                (*_NAME, wrong.lower()),
            )


@family("runtime")
def misspelt_function(source: Source) -> Iterator[Edit]:
    """The name of a function is misspelt where it is called.

    Source: PY4E; CodeLab.
    """
    taken = known_names(source)
    for turn, node in _loads(source):
        wrong = misspelt(node.id, taken, turn)
        if wrong and _is_called(source, node):
            yield Edit(
                *source.span(node),
                wrong,
                f"the function name `{wrong}`",
                f"The name `{wrong}` is misspelt: there is no function of that name.",
                (*_NAME, "function", wrong.lower()),
            )


@family("runtime")
def wrong_case(source: Source) -> Iterator[Edit]:
    """A name is written with a capital letter, or without the one it has.

    Source: Mueller.
    """
    taken = known_names(source)
    for _, node in _loads(source):
        wrong = node.id.swapcase() if len(node.id) == 1 else node.id[0].swapcase() + node.id[1:]
        if wrong != node.id and wrong not in taken:
            yield Edit(
                *source.span(node),
                wrong,
                f"the name `{wrong}`",
                f"The name `{wrong}` is not defined, because capital and small letters are different in names.",
                (*_NAME, "case", "capital", "lower", "upper", wrong.lower()),
            )


@family("runtime")
def small_constant(source: Source) -> Iterator[Edit]:
    """The value `True`, `False` or `None` is written with a small letter.

    Source: Mueller.
    """
    taken = known_names(source)
    for node in source.each(ast.Constant):
        wrong = source.code(node).lower()
        if (isinstance(node.value, bool) or node.value is None) and wrong not in taken:
            yield Edit(
                *source.span(node),
                wrong,
                f"the name `{wrong}`",
                f"The value `{wrong}` is written with a small letter, so Python takes it for a name.",
                (*_NAME, "capital", "case", wrong),
            )


@family("runtime")
def unquoted_word(source: Source) -> Iterator[Edit]:
    """A text of one word has no quotation marks.

    Source: Jeffries 2022.
    """
    taken = known_names(source)
    for node in source.each(ast.Constant):
        word = isinstance(node.value, str) and node.value.isidentifier() and not keyword.iskeyword(node.value)
        if word and node.value not in taken and not isinstance(source.parents[node], ast.Expr):
            yield Edit(
                *source.span(node),
                node.value,
                f"the word `{node.value}`",
                f"The word `{node.value}` has no quotation marks, so Python takes it for a name that is not defined.",
                ("quote", "quotes", "quotation", "string", *_NAME),
            )


@family("runtime")
def missing_initialisation(source: Source) -> Iterator[Edit]:
    """The statement that gives a variable its first value is missing.

    Source: Alzahrani 2021; Deng 2013.
    """
    for node in source.each(ast.Assign):
        targets, function = stored(node), source.function(node)
        bound = [child for child in source.each(ast.Name) if child.id in targets and isinstance(child.ctx, ast.Store)]
        first = {child.id: child for child in reversed(bound) if source.function(child) is function}
        fresh = all(source.parents[child] in (node, *node.targets) for child in first.values())
        arguments = {item.arg for item in ast.walk(function) if isinstance(item, ast.arg)} if function else set()
        edit = removed(source, node)
        if edit and targets and fresh and not targets & arguments and isinstance(node.targets[0], ast.Name):
            code, name = short(source.code(node)), source.code(node.targets[0])
            yield Edit(
                *edit,
                f"the missing line `{code}`",
                f"The variable `{name}` is used before it has a value, because `{code}` is missing.",
                (*_NAME, "initial", "initialised", "initialized", "assigned", "value", name.lower()),
            )


@family("runtime")
def used_before_assignment(source: Source) -> Iterator[Edit]:
    """A variable is used one line before it gets its value.

    Source: Alzahrani 2021.
    """
    for node in source.each(ast.Assign):
        block = source.block(node)
        after = block[block.index(node) + 1] if block.index(node) + 1 < len(block) else None
        if after is None or isinstance(after, (*FUNCTIONS, ast.ClassDef)) or not movable(source, [node]):
            continue
        end = source.rows(after)[1]
        plain = isinstance(after, ast.Assign | ast.AugAssign | ast.Expr | ast.Return) and movable(source, [after])
        if plain and stored(node) & names(after) and source.text[end - 1 : end] == "\n":
            start, middle, name = source.rows(node)[0], source.rows(after)[0], min(stored(node) & names(after))
            one, other = source.text[start : source.rows(node)[1]], source.text[middle:end]
            if source.rows(node)[1] == middle and not isinstance(after, ast.Return):
                yield Edit(
                    start,
                    end,
                    other + one,
                    f"the variable `{name}`",
                    f"The variable `{name}` is used in the line before the one that gives it a value.",
                    ("before", "order", "assigned", "assignment", "value", "defined", name.lower()),
                )


@family("runtime")
def missing_import(source: Source) -> Iterator[Edit]:
    """An import is missing.

    Source: Deng 2013.
    """
    for node in source.each(ast.Import, ast.ImportFrom):
        edit, code = removed(source, node), short(source.code(node))
        if edit and getattr(node, "module", "") != "__future__":
            yield Edit(
                *edit,
                f"the missing `{code}`",
                f"The line `{code}` is missing, so what it should import is not defined.",
                ("import", "imported", "module", *_NAME),
            )


@family("runtime")
def misspelt_module(source: Source) -> Iterator[Edit]:
    """The name of a module is misspelt in an import.

    Source: CodeLab.
    """
    for node in source.each(ast.Import, ast.ImportFrom):
        name = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        wrong = f"{name}s" if name in ("math", "string") else misspelt(name or "", ()) if name != "__future__" else None
        if wrong:
            start = source.text.index(
                name, source.span(node)[0] + len("import" if isinstance(node, ast.Import) else "from")
            )
            yield Edit(
                start,
                start + len(name),
                wrong,
                f"the module name `{wrong}`",
                f"The name of the module `{wrong}` is misspelt, so it cannot be imported.",
                ("import", "module", *_NAME, wrong.lower()),
            )


@family("runtime")
def missing_module_prefix(source: Source) -> Iterator[Edit]:
    """A function of a module is called without the name of the module.

    Source: Progmiscon.
    """
    modules = {alias.asname or alias.name for node in source.each(ast.Import) for alias in node.names}
    known = {node.id for node in source.each(ast.Name)} | set(dir(builtins))
    for node in source.each(ast.Attribute):
        if isinstance(node.value, ast.Name) and node.value.id in modules and node.attr not in known:
            module = node.value.id
            yield Edit(
                *source.span(node),
                node.attr,
                f"the name `{node.attr}`",
                f"The name `{node.attr}` belongs to the module `{module}` and needs `{module}.` before it.",
                ("module", "prefix", "import", module.lower(), *_NAME),
            )


@family("runtime")
def missing_self(source: Source) -> Iterator[Edit]:
    """A method uses an attribute without `self.` before it.

    Source: MutPy.
    """
    for node in source.each(ast.Attribute):
        own = isinstance(node.value, ast.Name) and node.value.id == "self" and isinstance(node.ctx, ast.Load)
        if own and node.attr not in dir(builtins):
            yield Edit(
                *source.span(node),
                node.attr,
                f"the name `{node.attr}`",
                f"The name `{node.attr}` is an attribute of the object and needs `self.` before it.",
                ("self", "attribute", *_NAME),
            )


@family("runtime")
def missing_global(source: Source) -> Iterator[Edit]:
    """A function changes a global variable without declaring it `global`.

    Source: SIDE.
    """
    for node in source.each(ast.Global, ast.Nonlocal):
        edit, code = removed(source, node), source.code(node)
        if edit:
            yield Edit(
                *edit,
                f"the missing `{code}`",
                f"The line `{code}` is missing, so the function has a variable of its own, which has no value yet.",
                ("global", "nonlocal", "scope", "local", "variable"),
            )


@family("runtime")
def misspelt_loop_variable(source: Source) -> Iterator[Edit]:
    """The name that a loop defines is not the one that is used in it.

    Source: CodeLab; Mueller.
    """
    taken = known_names(source)
    for node in source.each(ast.Name):
        parent = source.parents[node]
        if isinstance(parent, ast.For | ast.comprehension) and node is parent.target:
            wrong = misspelt(node.id, taken) or f"{node.id}s"
            if wrong not in taken:
                yield Edit(
                    *source.span(node),
                    wrong,
                    f"the loop variable `{wrong}`",
                    f"The loop defines `{wrong}`, but the name that is used is `{node.id}`.",
                    ("loop", "variable", *_NAME, wrong.lower(), node.id.lower()),
                )
