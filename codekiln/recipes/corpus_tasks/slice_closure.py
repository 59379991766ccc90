"""The statements of a corpus that a function needs, found by following names and imports."""

import ast
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from codekiln.data import normalise
from codekiln.recipes.corpus_tasks.corpus_modules import CorpusModules, Module, dotted_reads
from codekiln.recipes.corpus_tasks.free_names import BUILTINS, free_names, is_for_types, optional_imports
from codekiln.recipes.corpus_tasks.functions import Definition, Function, first_line, last_line
from codekiln.recipes.corpus_tasks.purity import FAKED_BUILTINS, impurity_reason, is_partial, is_standard, real_names
from codekiln.recipes.corpus_tasks.slice_text import fake_text, partial_text, statement_text

# The whole slice is repeated for every example and mutant that is run.
MAX_CHARACTERS = 80_000
_MAX_HELPER = 16_000
"""Longest statement of another module, so that one large class does not use up what smaller ones need."""
_MAX_CHAIN = 4


class SliceError(Exception):
    """The slice cannot be built.

    Attributes:
        reason: A short kebab-case reason.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class Closure:
    """What a slice holds so far.

    Attributes:
        own: The function's module.
        position: Index of the statement that holds the function.
        chosen: Indices of statements, by module.
        imported: Names that each chosen import has to bind, by module.
        bound: Statements that bind other names to fakes, by module and name.
        aliases: Names of a module that others define: (module, name); see `slice_runtime`.
        packages: Other packages that are imported inside functions.
        characters: Length of the statements.
    """

    own: Module
    position: int
    chosen: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    imported: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    bound: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    aliases: dict[str, dict[str, tuple[str, str]]] = field(default_factory=lambda: defaultdict(dict))
    packages: set[str] = field(default_factory=set)
    characters: int = 0


class ClosureBuilder:
    """Collects the statements that a function needs, nearest ones first.

    Args:
        modules: The modules of the corpus.
        own: The function's module.
        function: The function.
        examples: Statements that use the function.
    """

    def __init__(self, modules: CorpusModules, own: Module, function: Function, examples: Sequence[str]) -> None:
        self._modules, self._function, self._examples = modules, function, examples
        self._found = Closure(own, position_of(own, function))
        self._waiting: list[tuple[Module, str, tuple[str, ...]]] = []
        self._seen: set[tuple[str, str, tuple[str, ...]]] = set()

    def build(self) -> Closure:
        """Return the transitive closure of the statements that bind what the function reads.

        Raises:
            SliceError: The function cannot be sliced.
        """
        found, function = self._found, self._function
        if impurity_reason(function.node):
            raise SliceError("impure")
        found.chosen[found.own.name].add(found.position)
        self._read(found.own, found.own.statements[found.position], found.position)
        self._walk()
        for text in self._examples:
            self._read(found.own, normalise.parse(text))
        self._walk()
        return found

    def _walk(self) -> None:
        # Breadth first: what is nearest to the function is taken before the budget is used up.
        while self._waiting:
            module, name, attributes = self._waiting.pop(0)
            self._want(module, name, attributes)

    def _read(self, module: Module, node: ast.AST, index: int | None = None) -> None:
        """Queue what a statement reads, in an order that does not depend on the hash seed."""
        reads = module.reads.get(index) if index is not None else None
        if reads is None:
            free = free_names(node, module.skips_annotations)
            reads = sorted({item for item in dotted_reads(node) if item[0] in free} | {(name, ()) for name in free})
            if index is not None:
                module.reads[index] = reads
        for name, attributes in reads:
            self._queue(module, name, attributes)
        self._nested_imports(module, node)

    def _queue(self, module: Module, name: str, attributes: tuple[str, ...]) -> None:
        key = module.name, name, attributes[:_MAX_CHAIN]
        if key not in self._seen:
            self._seen.add(key)
            self._waiting.append((module, name, key[2]))

    def _nested_imports(self, module: Module, node: ast.AST) -> None:
        if isinstance(node, ast.Import | ast.ImportFrom) or is_for_types(node):
            return
        optional = optional_imports(node)
        reads: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        found = [item for item in ast.walk(node) if isinstance(item, ast.Import | ast.ImportFrom)]
        for name, attributes in dotted_reads(node) if found else ():
            reads[name].append(attributes)
        for item in found:
            for bound in module.imported(item):
                chains = sorted(set(reads[bound.name])) or [()]
                if self._modules.has(bound.module):
                    for chain in chains:
                        self._follow(bound.module, (bound.attribute, *chain) if bound.attribute else chain)
                elif not is_standard(bound.module) and item not in optional:
                    self._found.packages.add(bound.module.partition(".")[0])

    def _want(self, module: Module, name: str, attributes: tuple[str, ...]) -> None:
        """Take the statements of a module that bind a name."""
        own = self._function.owner or self._function.name
        if module is self._found.own and name == own:
            return  # other bindings of the function's own name would replace it
        indices = module.binding.get(name, ())
        for index in indices:
            node = module.statements[index]
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._import(module, index, node, name, attributes)
            else:
                self._take(module, index, name)
        if not indices and name not in BUILTINS:
            self._unbound(module, name, attributes)
        elif not indices and name in FAKED_BUILTINS:
            self._fake(module.name, name, name)

    def _fake(self, module: str, name: str, expression: str) -> None:
        self._found.bound[module][name] = fake_text(name, expression)

    def _unbound(self, module: Module, name: str, attributes: tuple[str, ...]) -> None:
        for star in module.stars:
            if self._exports(star, name, set()):
                self._found.bound[module.name][name] = f"from {star} import {name}"
                return self._follow(star, (name, *attributes))
        if module is self._found.own and not module.stars and name in free_names(self._function.node, True):
            raise SliceError("unknown-name")
        self._fake(module.name, name, name)
        return None

    def _import(
        self, module: Module, index: int, node: ast.Import | ast.ImportFrom, name: str, attributes: tuple[str, ...]
    ) -> None:
        found = self._found
        for bound in module.imported(node):
            if bound.name != name:
                continue
            if is_standard(bound.module):
                whole = f"{bound.module}.{bound.attribute}"
                if is_partial(whole):
                    found.bound[module.name][name] = partial_text(name, whole)
                    continue
                real = real_names(bound.module)
                if real is not None and bound.attribute and bound.attribute not in real:
                    self._fake(module.name, name, f"{bound.module}.{bound.attribute}")
                    continue
                if real is not None and not bound.attribute:
                    found.bound[module.name][name] = partial_text(name, bound.module)
                    continue
            elif self._modules.has(bound.module):
                self._follow(bound.module, (bound.attribute, *attributes) if bound.attribute else attributes)
            else:
                self._fake(module.name, name, ".".join(filter(None, (bound.module, bound.attribute))))
                continue
            found.chosen[module.name].add(index)
            found.imported[module.name].add(name)

    def _take(self, module: Module, index: int, name: str) -> None:
        found = self._found
        if index in found.chosen[module.name]:
            return
        node = module.statements[index]
        reason = "" if isinstance(node, ast.ClassDef) else impurity_reason(node, is_helper=True)
        text = "" if reason else statement_text(module, index)
        is_large = len(text) > _MAX_HELPER and module is not found.own
        if reason or is_large or found.characters + len(text) > MAX_CHARACTERS:
            if module is found.own and not reason and len(text) > MAX_CHARACTERS:
                raise SliceError("too-much")
            self._fake(module.name, name, f"{module.name}.{name}")
            return
        found.characters += len(text)
        found.chosen[module.name].add(index)
        self._read(module, node, index)

    def _follow(self, name: str, attributes: tuple[str, ...]) -> None:
        """Take what a chain of attributes of a module leads to."""
        found = self._found
        found.aliases.setdefault(name, {})
        if not attributes:
            return None
        attribute, *rest = attributes
        module = self._modules.module(name)
        binding = module.binding.get(attribute, ()) if module else ()
        if module and any(not isinstance(module.statements[i], ast.Import | ast.ImportFrom) for i in binding):
            return self._queue(module, attribute, tuple(rest))
        for index in binding if module else ():
            node = module.statements[index] if module else None
            for bound in module.imported(node) if module and isinstance(node, ast.Import | ast.ImportFrom) else ():
                if bound.name == attribute and not is_standard(bound.module) and self._modules.has(bound.module):
                    return self._link(name, attribute, bound.module, bound.attribute, tuple(rest))
                if bound.name == attribute:
                    return self._queue(module, attribute, tuple(rest)) if module else None
        for star in module.stars if module else ():
            if self._exports(star, attribute, set()):
                return self._link(name, attribute, star, attribute, tuple(rest))
        if self._modules.has(f"{name}.{attribute}"):
            return self._link(name, attribute, f"{name}.{attribute}", "", tuple(rest))
        self._fake(name, attribute, f"{name}.{attribute}")
        return None

    def _link(self, name: str, attribute: str, target: str, target_name: str, rest: tuple[str, ...]) -> None:
        """Make an attribute of a module lead to what another module defines."""
        # `from package import module`, in the package itself too, is the module.
        is_module = bool(target_name) and self._modules.has(f"{target}.{target_name}")
        if is_module and (target == name or not self._binds(target, target_name)):
            target, target_name = f"{target}.{target_name}", ""
        self._found.aliases[name][attribute] = (target, target_name)
        self._found.aliases.setdefault(target, {})
        chain = (target_name, *rest) if target_name else rest
        key = target, "", chain[:_MAX_CHAIN]
        if key not in self._seen:
            self._seen.add(key)
            self._follow(target, chain)

    def _binds(self, name: str, attribute: str) -> bool:
        module = self._modules.module(name)
        return module is not None and attribute in module.binding

    def _exports(self, name: str, attribute: str, seen: set[str]) -> bool:
        module = self._modules.module(name)
        if module is None or name in seen:
            return False
        seen.add(name)
        if module.exported is not None:
            return attribute in module.exported
        is_bound = attribute in module.binding or any(self._exports(star, attribute, seen) for star in module.stars)
        return is_bound and not attribute.startswith("_")


def position_of(own: Module, function: Function) -> int:
    """Return the index of the module's statement that holds the function."""
    top = function.owner or function.name
    found = [index for index, node in enumerate(own.statements)
             if isinstance(node, Definition | ast.ClassDef) and node.name == top]  # fmt: skip
    if len(found) != 1:
        raise SliceError("redefined")
    node = own.statements[found[0]]
    if not first_line(node) <= function.first <= last_line(node):
        raise SliceError("redefined")
    if isinstance(node, ast.ClassDef) and any(
        isinstance(item, Definition) and item.name == function.name and item.lineno != function.line
        for item in node.body
    ):
        raise SliceError("redefined")
    return found[0]
