"""Alpha-renaming: the names a program chose freely become numbers."""

import ast
from collections.abc import Iterable, Iterator, Sequence

_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def rename(tree: ast.Module) -> None:
    """Number the names that ``tree`` binds, in place, scope by scope and by order of appearance.

    Two programs are equal afterwards only when one is the other under a renaming that respects scopes. Names that
    something may refer to by spelling stay: imports, globals, class members, and names that are a keyword in a call.
    """
    _Rename(_public_names(tree)).visit(tree)


def _public_names(tree: ast.AST) -> set[str]:
    """Return the names that something outside their scope may refer to by spelling."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import() | ast.ImportFrom():
                names.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
            case ast.keyword(arg=str(name)):
                names.add(name)
            case ast.Global():
                names.update(node.names)
            case ast.ClassDef():
                names.update(name for member in node.body for name in _members(member))
    return names


def _members(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    else:
        for node in ast.walk(statement):
            yield from _bound_by(node)


def _bound_by(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.arg(arg=name) | ast.MatchMapping(rest=str(name)):
            yield name
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name


def _scope_of(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield ``nodes`` and all they contain, short of the scopes nested in them."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, _COMPREHENSIONS):
            yield from (part.target for part in ast.walk(node) if isinstance(part, ast.NamedExpr))
        elif not isinstance(node, _FUNCTIONS | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))


def _bound_in(nodes: Iterable[ast.AST]) -> set[str]:
    scope = list(_scope_of(nodes))
    elsewhere = {name for node in scope if isinstance(node, ast.Nonlocal) for name in node.names}
    return {name for node in scope for name in _bound_by(node)} - elsewhere


class _Rename(ast.NodeVisitor):
    """Numbers the names of every scope by order of appearance, in place; ``public`` names stay."""

    def __init__(self, public: set[str]) -> None:
        self.public, self.count = public, 0
        self.scopes: list[dict[str, str | None]] = []

    def visit_Module(self, node: ast.Module) -> None:
        self._scope(node.body, node.body)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        node.name = self._new(node.name)
        self._function(node, node.body, node.decorator_list)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._function(node, [node.body], [])

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        first, *rest = node.generators
        self.visit(first.iter)
        inner: list[ast.AST] = [first.target, *first.ifs, *rest]
        results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._scope([part.target for part in node.generators], [*inner, *results])

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def generic_visit(self, node: ast.AST) -> None:
        for field in ("id", "name", "arg", "rest"):
            old = getattr(node, field, None)
            if isinstance(old, str) and not isinstance(node, ast.alias | ast.keyword):
                setattr(node, field, self._new(old))
        if isinstance(node, ast.Nonlocal):
            node.names = [self._new(name) for name in node.names]
        super().generic_visit(node)

    def _function(
        self,
        node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
        body: Sequence[ast.AST],
        decorators: Sequence[ast.expr],
    ) -> None:
        given = node.args
        for outside in (*decorators, *given.defaults, *filter(None, given.kw_defaults)):
            self.visit(outside)
        arguments = [*given.posonlyargs, *given.args, *filter(None, [given.vararg, given.kwarg]), *given.kwonlyargs]
        self._scope([*arguments, *body], [*arguments, *body])

    def _scope(self, binding: Iterable[ast.AST], content: Iterable[ast.AST]) -> None:
        self.scopes.append(dict.fromkeys(_bound_in(binding) - self.public))
        for node in content:
            self.visit(node)
        self.scopes.pop()

    def _new(self, old: str) -> str:
        scope = next((scope for scope in reversed(self.scopes) if old in scope), None)
        if scope is None:
            return old
        new = scope[old]
        if new is None:
            new = scope[old] = f"${self.count}"
            self.count += 1
        return new
