"""Static program slicing: one function with exactly the statements of its corpus that it needs to run.

Statements of other modules of the corpus come along as text; recording fakes (`slice_runtime`) stand for other packages
and for what reads a file, a clock or the network, so that everything that runs in the sandbox does the same every time.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from codekiln.recipes.corpus_tasks.corpus_modules import CorpusModules, Module
from codekiln.recipes.corpus_tasks.free_names import BUILTINS, free_names
from codekiln.recipes.corpus_tasks.functions import Function, first_line, last_line
from codekiln.recipes.corpus_tasks.slice_closure import Closure, ClosureBuilder, SliceError
from codekiln.recipes.corpus_tasks.slice_text import import_text, link_text, module_text, statement_text
from codekiln.recipes.corpus_tasks.source import SourceFile


@dataclass(frozen=True)
class ProgramSlice:
    """The part of a corpus that a function needs to run, without the function itself.

    Attributes:
        before: Text of the program before the function.
        after: Text of the program after the function.
        indent: Columns by which the function is indented.
        names: Names of the module that the function uses, sorted.
        linked: Text that comes before it all, and makes other modules and fakes available; empty where none is needed.
        faked: Names of any module that are bound to fakes, sorted.
    """

    before: str
    after: str
    indent: int
    names: tuple[str, ...] = ()
    linked: str = ""
    faked: tuple[str, ...] = ()

    def program(self, text: str) -> str:
        """Return the whole program with ``text``, a dedented definition, in the function's place."""
        lines = [" " * self.indent + line if line.strip() else "" for line in text.strip("\n").split("\n")]
        program = self.before + "\n".join(lines) + "\n" + self.after
        if not self.linked:
            return program
        # Future imports have to be the first statements of a program.
        future = [line for line in program.split("\n") if line.startswith("from __future__")]
        return "\n".join([*future, self.linked, *(line for line in program.split("\n") if line not in future)])


class ModuleSlicer:
    """Builds the program slice of each function of a file.

    Args:
        source: A file that parses.
        modules: The modules of its corpus; None: there is no other file.
    """

    def __init__(self, source: SourceFile, modules: CorpusModules | None = None) -> None:
        self._modules = modules or CorpusModules()
        self._own = self._modules.module_of(source)

    def slice_of(self, function: Function, examples: Sequence[str] = ()) -> ProgramSlice | str:
        """Return the slice of a function, or the reason why it has none.

        Reasons are ``impure`` (it reads the clock or the interpreter itself), ``unknown-name`` (a name without a
        binding), ``redefined`` (the function's name is bound twice), ``too-much`` (its module's part has over 80,000
        characters) and ``layout`` (two statements on one line).

        Args:
            function: The function.
            examples: Statements that use the function, whose names the slice has to hold too where it can.
        """
        try:
            found = ClosureBuilder(self._modules, self._own, function, examples).build()
            return _assemble(found, function, self._modules)
        except SliceError as error:
            return error.reason


def _assemble(found: Closure, function: Function, modules: CorpusModules) -> ProgramSlice:
    own, position = found.own, found.position
    chosen = sorted(found.chosen[own.name] - {position})
    texts = {index: _own_text(found, index) for index in chosen}
    before = [*own.future_imports, *(texts[i] for i in chosen if i < position)]
    after = [texts[i] for i in chosen if i > position]
    class_start, class_end = _class_lines(own, function, position)
    names = free_names(function.node, own.skips_annotations) - BUILTINS
    return ProgramSlice(
        before="\n".join([*filter(None, before), *class_start, ""]).lstrip("\n"),
        after="\n".join([*class_end, *filter(None, after), ""]),
        indent=function.indent,
        names=tuple(sorted(names)),
        linked=_linked(found, modules),
        faked=tuple(sorted({name for bound in found.bound.values() for name in bound} | found.packages)),
    )


def _own_text(found: Closure, index: int) -> str:
    own = found.own
    node = own.statements[index]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return import_text(node, found.imported[own.name])
    text = statement_text(own, index)
    if not text:
        raise SliceError("layout")
    return text


def _linked(found: Closure, modules: CorpusModules) -> str:
    own = found.own
    bound = found.bound.get(own.name, {})
    if not (bound or found.aliases or found.packages):
        return ""
    sources: dict[str, str] = {}
    for name in sorted({*found.chosen, *found.bound} - {own.name}):
        statements = list(found.bound.get(name, {}).values())
        module = modules.module(name)
        sources[name] = (
            module_text(module, found.chosen[name], found.imported[name], statements)
            if module
            else "\n".join(statements)
        )
    return link_text(own, sources, found.aliases, found.packages, bound.values())


def _class_lines(own: Module, function: Function, position: int) -> tuple[list[str], list[str]]:
    """Return the lines of a method's class before and after the method; none for a module-level function."""
    node = own.statements[position]
    if not isinstance(node, ast.ClassDef):
        return [], []
    lines = own.source.text.split("\n")
    return lines[first_line(node) - 1 : function.first - 1], lines[function.last : last_line(node)]
