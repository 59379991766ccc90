"""Text of the parts of a program slice: statements without docstrings, imports of what is used, and linked modules."""

import ast
import copy
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from importlib.resources import files

from codekiln.data import normalise
from codekiln.recipes.corpus_tasks.corpus_modules import Module
from codekiln.recipes.corpus_tasks.functions import Definition, first_line, last_line
from codekiln.recipes.corpus_tasks.purity import impurity_reason, real_names

_STUB = normalise.parse("raise CodekilnUndecided").body


@cache
def program_text(name: str) -> str:
    """Return the source of a module of this package that runs in the sandbox."""
    return files("codekiln.recipes.corpus_tasks").joinpath(f"{name}.py").read_text(encoding="utf-8")


def statement_text(module: Module, index: int) -> str:
    """Return the source of a module's statement; definitions without docstrings, and without impure methods."""
    if index not in module.texts:
        module.texts[index] = _statement_text(module, index)
    return module.texts[index]


def _statement_text(module: Module, index: int) -> str:
    node = module.statements[index]
    if isinstance(node, Definition | ast.ClassDef):
        try:
            return ast.unparse(_shortened(node))
        except ValueError:  # some f-strings parse but cannot be unparsed
            pass
    lines = module.source.text.split("\n")[first_line(node) - 1 : last_line(node)]
    statements = module.statements[max(0, index - 1) : index + 2]
    is_alone = all(first_line(right) > last_line(left) for left, right in zip(statements, statements[1:], strict=False))
    return "\n".join(lines) if is_alone else ast.unparse(node)


def _shortened(node: ast.stmt) -> ast.stmt:
    if not isinstance(node, Definition | ast.ClassDef):
        return node
    short = copy.copy(node)
    if ast.get_docstring(node, clean=False) is not None:
        short.body = node.body[1:] or [ast.Pass()]
    if isinstance(node, ast.ClassDef):
        short.body = [_method(item) for item in short.body]
    return short


def _method(node: ast.stmt) -> ast.stmt:
    short = _shortened(node)
    if isinstance(short, Definition) and impurity_reason(node, is_helper=True):
        short.body = _STUB
    return short


def import_text(node: ast.Import | ast.ImportFrom, used: Collection[str]) -> str:
    """Return an import of only the names that are used, or an empty string where it binds none."""
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        return ""
    kept = [alias for alias in node.names if (alias.asname or alias.name).split(".")[0] in used]
    if not kept:
        return ""
    return ast.unparse(
        ast.Import(kept) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, kept, node.level)
    )


def fake_text(name: str, expression: str) -> str:
    """Return the statement that binds a name to a recording fake."""
    return f"{name} = _codekiln_fake({expression!r})"


def partial_text(name: str, module: str) -> str:
    """Return the statement that binds a name to a module of which only the pure names are real."""
    return f"{name} = _CodekilnPartial({module!r}, {real_names(module)!r})"


def module_text(module: Module, indices: Iterable[int], imported: Collection[str], bound: Iterable[str]) -> str:
    """Return the text of another module: the statements that are needed of it.

    Args:
        module: The module.
        indices: Its statements.
        imported: Names that its imports have to bind.
        bound: Statements that bind names to fakes.
    """
    texts = [*module.future_imports, f"__package__ = {module.package!r}", *bound]
    for index in sorted(indices):
        node = module.statements[index]
        if isinstance(node, ast.Import | ast.ImportFrom):
            texts.append(import_text(node, imported))
        else:
            texts.append(statement_text(module, index))
    return "\n".join(filter(None, texts))


def link_text(
    own: Module, sources: Mapping[str, str], aliases: Mapping[str, Mapping[str, tuple[str, str]]],
    packages: Iterable[str],    bound: Iterable[str],
) -> str:  # fmt: skip
    """Return the text that makes other modules and fakes available to a program; see `slice_runtime`."""
    links = f"_codekiln_link(globals(), {own.name!r}, {dict(sources)!r}, {dict(aliases)!r}, {sorted(packages)!r})"
    parts = f"_CODEKILN_PARTS['os.path'] = {real_names('os.path')!r}"
    return "\n".join([program_text("slice_runtime"), parts, links, f"__package__ = {own.package!r}", *bound, ""])
