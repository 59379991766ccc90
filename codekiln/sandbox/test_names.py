"""The names that tests use, and whose they are: the program's, the setup's, the test's own, or Python's."""

import ast
import builtins
from dataclasses import dataclass
from types import CodeType

from codekiln.data.python_text import compiled

_BUILTINS = frozenset(dir(builtins))
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_CAPTURES = (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)
_CLASS_MAKERS = ("namedtuple", "NamedTuple", "make_dataclass", "Enum", "IntEnum", "StrEnum", "Flag", "IntFlag")


@dataclass(frozen=True)
class Use:
    """How one test uses names.

    Attributes:
        program: Names that are the program's.
        own: Built-in names that the test calls, which are the program's because nothing else in the test is.
        builtins: Built-in names that it reads, other than the entry point.
        follows: Whether it uses what an earlier statement got from the program.
        setup: Names of the setup.
    """

    program: frozenset[str]
    own: tuple[str, ...]
    builtins: tuple[str, ...]
    follows: bool
    setup: frozenset[str]


class Names:
    """The names of one problem's tests, in order.

    Args:
        setup: The code that runs before the tests.
        entry_point: The function under test, the program's even where a built-in has its name.
    """

    def __init__(self, setup: ast.Module, entry_point: str | None) -> None:
        self._entry_point = entry_point or ""
        self._setup, read = _bound_and_read(setup)
        self._wanted: set[str] = set()
        self._from_program: set[str] = set()
        self.imports = frozenset(
            alias.name
            for node in setup.body
            if isinstance(node, ast.Import)
            for alias in node.names
            if not alias.asname
        )
        self._setup_program = self._program(read - self._setup)
        self._want(self._setup_program)
        if self._setup_program:
            self._from_program |= self._setup

    def use(self, module: ast.Module) -> Use:
        """Note and return how a test, or an example of a doctest, uses names."""
        bound, read = _bound_and_read(module)
        follows = bool(read & self._from_program)
        own_bound = bound - {self._entry_point}
        program = self._program(read - (own_bound - self._read_before_bound(module)))
        indirect = self._setup_program if read & self._setup else frozenset()
        builtins = tuple(sorted(read & _BUILTINS - bound - self._setup - {self._entry_point}))
        own = () if program or indirect or follows else builtins
        if program or indirect or follows or own:
            self._from_program |= bound
        self._want(program | set(builtins))
        return Use(program, own, builtins, follows or bool(indirect), frozenset(read & self._setup))

    def want(self, name: str) -> None:
        """Note that the tests need a name of the program."""
        self._wanted.add(name)

    def wanted(self) -> set[str]:
        """Return the names whose objects the tests need of the program."""
        return set(self._wanted)

    def _want(self, names: "set[str] | frozenset[str]") -> None:
        self._wanted |= names

    def _program(self, names: set[str]) -> frozenset[str]:
        found = names - _BUILTINS - self._setup - self._from_program
        return frozenset(found | (names & {self._entry_point}))

    def _read_before_bound(self, module: ast.Module) -> set[str]:
        """Return names that a statement reads before any statement at the top level binds them, as ``f = cache(f)``."""
        if len(module.body) < 2:
            return set()
        bound: set[str] = set()
        found: set[str] = set()
        for node in module.body:
            binds, reads = _bound_and_read(node)
            found |= reads - bound
            bound |= binds
        return found


def _bound_and_read(tree: ast.AST) -> tuple[set[str], set[str]]:
    """Return the names that are bound, and those that are read, anywhere in ``tree``."""
    bound: set[str] = set()
    read: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, _DEFINITIONS):
            bound.add(node.name)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, _CAPTURES) and node.name:
            bound.add(node.name)
    return bound, read


def shared_statements(setup: ast.Module) -> tuple[tuple[CodeType, ...], tuple[str, ...]]:
    """Return the imports and classes at the top of a setup, one by one, and the names of the classes.

    A program may use them, as it may when the setup is executed in its namespace; values and functions of the setup
    may be expected results, and stay with the tests.
    """
    found, classes = [], []
    for node in setup.body:
        name = _defined_class(node)
        if name is not None:
            classes.append(name)
        if name is not None or isinstance(node, ast.Import | ast.ImportFrom):
            module = ast.Module([node], [])
            found.append(compiled(module, "<setup>"))
    return tuple(found), tuple(classes)


def _defined_class(node: ast.stmt) -> str | None:
    """Return the name of the class that a statement defines, as ``class P: ...`` and ``P = namedtuple(...)`` do."""
    if isinstance(node, ast.ClassDef):
        return node.name
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
        return None
    function = node.value.func
    called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    target = node.targets[0]
    return target.id if called in _CLASS_MAKERS and isinstance(target, ast.Name) else None
