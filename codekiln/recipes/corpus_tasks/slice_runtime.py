"""Runs in the sandbox before a program slice: modules of the corpus, and fakes for what is not there.

Its text is put in front of the slices that need it, so it uses only the standard library. A fake stands for a module or
function of another package, or for one that reads the machine. It answers every call with another fake and records
what was done with it; what depends on a value that only the real thing knows raises `CodekilnUndecided`.
"""

import importlib
import importlib.abc
import importlib.machinery
import io
import re
import sys
import types

# For type checkers, which take this name for true: programs are short.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

_codekiln_log: "list[str]" = []
_CODEKILN_EXCEPTION = re.compile(r"^[A-Z]\w*(Error|Exception|Warning|Timeout|Interrupt|Exit|Abort)$")


class CodekilnUndecided(BaseException):
    """A program depends on a value that only the real thing behind a fake knows."""


class CodekilnFakeBase:
    """Base class of a class whose real base is not there."""

    def __getattr__(self, name: str) -> "Any":
        if name.startswith("__"):
            raise AttributeError(name)
        raise CodekilnUndecided(name)


class CodekilnFake:
    """Stands for something that is not there.

    Args:
        text: The expression that gives it.
    """

    def __init__(self, text: str) -> None:
        object.__setattr__(self, "_codekiln_text", text)

    def __getattr__(self, name: str) -> "Any":
        if name.startswith("__") and name != "__version__":
            raise AttributeError(name)
        text = f"{_codekiln_text(self)}.{name}"
        if _CODEKILN_EXCEPTION.match(name):
            return type(name, (Exception,), {"__module__": _codekiln_text(self)})
        return CodekilnFake(text)

    def __call__(self, *args: "Any", **named: "Any") -> "Any":
        """Record a call, and return a fake for its value."""
        # A decorator gives what it decorates.
        if len(args) == 1 and not named and isinstance(args[0], types.FunctionType | type):
            return args[0]
        given = [*map(_codekiln_repr, args), *(f"{name}={_codekiln_repr(value)}" for name, value in named.items())]
        text = f"{_codekiln_text(self)}({', '.join(given)})"
        _codekiln_log.append(text)
        return CodekilnFake(text)

    def __getitem__(self, key: object) -> "CodekilnFake":
        return CodekilnFake(f"{_codekiln_text(self)}[{_codekiln_repr(key)}]")

    def __setattr__(self, name: str, value: object) -> None:
        _codekiln_log.append(f"{_codekiln_text(self)}.{name} = {_codekiln_repr(value)}")

    def __setitem__(self, key: object, value: object) -> None:
        _codekiln_log.append(f"{_codekiln_text(self)}[{_codekiln_repr(key)}] = {_codekiln_repr(value)}")

    def __enter__(self) -> "CodekilnFake":
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def __mro_entries__(self, bases: "tuple[Any, ...]") -> "tuple[type, ...]":
        first = next(base for base in bases if type(base) is CodekilnFake)
        return (CodekilnFakeBase,) if self is first else ()

    def __instancecheck__(self, instance: object) -> bool:
        return False

    def __subclasscheck__(self, subclass: type) -> bool:
        return False

    def __repr__(self) -> str:
        return f"<{_codekiln_text(self)}>"

    __hash__ = object.__hash__


def _codekiln_symbolic(name: str) -> "Callable[..., Any]":
    def method(self: CodekilnFake, *others: object) -> CodekilnFake:
        return CodekilnFake(f"{name.strip('_')}({', '.join([_codekiln_text(self), *map(_codekiln_repr, others)])})")

    return method


def _codekiln_undecided(name: str) -> "Callable[..., Any]":
    def method(self: CodekilnFake, *others: object) -> None:
        raise CodekilnUndecided(f"{name} of {_codekiln_text(self)}")

    return method


for _codekiln_name in [
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "and",
    "or",
    "xor",
    "lshift",
    "rshift",
    "matmul",
]:
    for _codekiln_side in ("", "r"):
        _codekiln_method = f"__{_codekiln_side}{_codekiln_name}__"
        setattr(CodekilnFake, _codekiln_method, _codekiln_symbolic(_codekiln_method))
for _codekiln_name in ["neg", "pos", "abs", "invert", "lt", "le", "gt", "ge", "eq", "ne"]:
    setattr(CodekilnFake, f"__{_codekiln_name}__", _codekiln_symbolic(f"__{_codekiln_name}__"))
for _codekiln_name in [
    "bool",
    "iter",
    "len",
    "int",
    "float",
    "complex",
    "index",
    "contains",
    "next",
    "round",
    "await",
    "delitem",
    "reversed",
]:
    setattr(CodekilnFake, f"__{_codekiln_name}__", _codekiln_undecided(_codekiln_name))


_CODEKILN_VALUES: "dict[str, Callable[[], Any]]" = {
    "importlib.metadata.entry_points": lambda: lambda *items, **named: [],
    "os.environ": dict, "os.getcwd": lambda: lambda: "/home/user", "os.getpid": lambda: lambda: 1234,
    "os.getenv": lambda: lambda name, default=None: default, "os.path.exists": lambda: lambda path: False,
    "os.path.isfile": lambda: lambda path: False, "os.path.isdir": lambda: lambda path: False,
    "os.path.expanduser": lambda: lambda path: path, "os.path.expandvars": lambda: lambda path: path,
    "os.path.abspath": lambda: lambda path: path, "os.path.realpath": lambda: lambda path: path,
    "sys.argv": lambda: ["program"], "sys.stdout": io.StringIO, "sys.stderr": io.StringIO, "sys.stdin": io.StringIO,
    "time.time": lambda: lambda: 1700000000.0, "time.monotonic": lambda: lambda: 1000.0,
    "time.perf_counter": lambda: lambda: 1000.0, "time.sleep": lambda: lambda seconds: None,
    "platform.system": lambda: lambda: "Linux", "platform.python_implementation": lambda: lambda: "CPython",
    "platform.python_version": lambda: lambda: "3.11.0", "socket.gethostname": lambda: lambda: "localhost",
}  # fmt: skip
"""What stands for values of the machine that programs depend on most: the same on every machine, and recorded."""


def _codekiln_fake(expression: str) -> "Any":
    """Return what stands for the value of a dotted name."""
    if expression in _CODEKILN_VALUES:
        _codekiln_log.append(expression)
        return _CODEKILN_VALUES[expression]()
    owner, _, name = expression.rpartition(".")
    return getattr(CodekilnFake(owner), name) if owner and not name.startswith("__") else CodekilnFake(expression)


def _codekiln_text(fake: CodekilnFake) -> str:
    return str(object.__getattribute__(fake, "_codekiln_text"))


def _codekiln_repr(value: object) -> str:
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))[:300]


_CODEKILN_PARTS: "dict[str, Sequence[str]]" = {}
"""Real names of modules that are attributes of others."""


class _CodekilnPartial:
    """A module of the standard library of which only some names are real.

    Args:
        name: The module.
        real: Its real names.
    """

    def __init__(self, name: str, real: "Sequence[str]") -> None:
        self._codekiln = name, frozenset(real)

    def __getattr__(self, name: str) -> "Any":
        module, real = self._codekiln
        if f"{module}.{name}" in _CODEKILN_PARTS:
            return _CodekilnPartial(f"{module}.{name}", _CODEKILN_PARTS[f"{module}.{name}"])
        if name in real:
            return getattr(importlib.import_module(module), name)
        return _codekiln_fake(f"{module}.{name}")


class _CodekilnModule(types.ModuleType):
    """A module of the corpus; what it only passes on from another is looked up when it is asked for."""

    def __getattr__(self, name: str) -> "Any":
        links = _codekiln_links
        if name in links.aliases.get(self.__name__, {}):
            module, attribute = links.aliases[self.__name__][name]
            found = importlib.import_module(module)
            return getattr(found, attribute) if attribute else found
        if self.__name__ == links.own and name in links.namespace:
            return links.namespace[name]
        raise AttributeError(name)


class _CodekilnFakeModule(types.ModuleType):
    def __getattr__(self, name: str) -> "Any":
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(CodekilnFake(self.__name__), name)


class CodekilnLinks(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules of the corpus, which are in the program as text, and fakes of other packages.

    Args:
        namespace: The program's own namespace.
        own: Name of the module that the function is from.
        sources: Text of each other module.
        aliases: Names of a module that are defined in another: (module, name); an empty name is the module itself.
        fakes: Names of packages that are faked.
    """

    def __init__(
        self, namespace: "dict[str, Any]", own: str, sources: "Mapping[str, str]",
        aliases: "Mapping[str, Mapping[str, tuple[str, str]]]", fakes: "Sequence[str]",
    ) -> None:  # fmt: skip
        self.namespace, self.own, self.sources, self.aliases = namespace, own, sources, aliases
        names = {own, *sources, *aliases}
        self.modules = {name.rsplit(".", depth)[0] for name in names for depth in range(name.count(".") + 1)}
        self.fakes = frozenset(fakes)

    def find_spec(self, name: str, path: object = None, target: object = None) -> "Any":
        """Return the spec of a module of the corpus or of a fake, or None."""
        if name in self.modules or name.partition(".")[0] in self.fakes:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: "Any") -> types.ModuleType:
        """Return an empty module."""
        return (_CodekilnModule if spec.name in self.modules else _CodekilnFakeModule)(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Run the text of a module."""
        if module.__name__ in self.sources and module.__name__ != self.own:
            vars(module).update(_codekiln_fake=_codekiln_fake, _CodekilnPartial=_CodekilnPartial,
                                CodekilnUndecided=CodekilnUndecided)  # fmt: skip
            exec(compile(self.sources[module.__name__], module.__name__, "exec"), vars(module))


def _codekiln_link(*arguments: "Any") -> None:
    global _codekiln_links
    _codekiln_links = CodekilnLinks(*arguments)
    sys.meta_path.insert(0, _codekiln_links)


_codekiln_links: "Any" = None
