"""Runs in the sandbox before a program slice: modules of the corpus, and fakes for what is not there.

Its text is put in front of the slices that need it, so it uses only the standard library. A fake stands for a module or
function of another package, or for one that reads the machine. It answers every call with another fake and records
what was done with it; what depends on a value that only the real thing knows raises `CodekilnUndecided`.
"""

import importlib
import importlib.abc
import importlib.machinery
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

    def __mro_entries__(self, bases: object) -> "tuple[type, ...]":
        return (CodekilnFakeBase,)

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


def _codekiln_fake(expression: str) -> "Any":
    """Return what stands for the value of a dotted name."""
    owner, _, name = expression.rpartition(".")
    return getattr(CodekilnFake(owner), name) if owner and not name.startswith("__") else CodekilnFake(expression)


def _codekiln_text(fake: CodekilnFake) -> str:
    return object.__getattribute__(fake, "_codekiln_text")


def _codekiln_repr(value: object) -> str:
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))[:300]


def _codekiln_plain(value: "Any") -> "Any":
    """Return a value with the text of each fake in its place."""
    if type(value) is CodekilnFake:
        return repr(value)
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(map(_codekiln_plain, value))
    return (
        {_codekiln_plain(key): _codekiln_plain(item) for key, item in value.items()} if type(value) is dict else value
    )


def _codekiln_recorded(call: "Callable[[], Any]") -> "Any":
    """Return what a call gives; where fakes took part in it, with what was done with them."""
    _codekiln_log.clear()
    value = call()
    shown = _codekiln_plain(value)
    # A fake equals nothing, so a value that holds one differs from its text.
    is_plain = not _codekiln_log and repr(shown) == repr(value) and "CodekilnFake" not in str(type(value))
    return value if is_plain else ("<recorded>", shown, list(_codekiln_log))


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
        if name in real:
            return getattr(importlib.import_module(module), name)
        return getattr(CodekilnFake(module), name)


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
