"""Detection of programs that game static metrics by hiding operators: in strings that run, or behind calls."""

import ast

CODE_IN_STRINGS = frozenset({"exec", "eval", "compile", "__import__", "__builtins__"})
CODE_MODULES = frozenset({"builtins", "importlib", "runpy", "marshal", "code", "codeop", "subprocess", "ctypes"})
OPERATOR_MODULES = frozenset({"operator", "_operator"})
HARMLESS = frozenset({"itemgetter", "attrgetter", "methodcaller"})
"""Of the ``operator`` module: these replace subscripts, attributes and methods, which no metric counts."""

_INFIX = ("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "divmod", "pow")
_BITS = ("lshift", "rshift", "and", "xor", "or")
_OTHERS = ("lt", "le", "eq", "ne", "gt", "ge", "contains", "neg", "pos", "invert", "abs", "bool", "concat", "iconcat")
DUNDERS = frozenset(
    [f"__{side}{name}__" for name in _INFIX + _BITS for side in ("", "r", "i")] + [f"__{name}__" for name in _OTHERS]
)


def hidden_operators(tree: ast.AST) -> str | None:
    """Return how ``tree`` hides operators, or None when it does not.

    ``code-in-string``: exec, eval, compile or a module that runs text or bytes; ``operator-calls``: functions of the
    ``operator`` module; ``dunder-calls``: ``x.__add__(y)``, or such a name as a string. Names are judged by
    themselves, shadowed or not: a false alarm costs one program, a miss teaches the trick.
    """
    if _calls_operator_module(tree):
        return "operator-calls"
    return next((reason for node in ast.walk(tree) if (reason := _reason(node))), None)


def _calls_operator_module(tree: ast.AST) -> bool:
    imports = [alias for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    aliases = {alias.asname or alias.name for alias in imports if alias.name in OPERATOR_MODULES}
    harmless = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr in HARMLESS}
    return any(_calls_operator(node, aliases) and id(node) not in harmless for node in ast.walk(tree))


def _calls_operator(node: ast.AST, aliases: set[str]) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module in OPERATOR_MODULES and any(alias.name not in HARMLESS for alias in node.names)
    return isinstance(node, ast.Name) and node.id in aliases


def _reason(node: ast.AST) -> str | None:
    match node:
        case ast.Name(id=name) if name in CODE_IN_STRINGS:
            return "code-in-string"
        case ast.Import(names=names) if any(alias.name.split(".")[0] in CODE_MODULES for alias in names):
            return "code-in-string"
        case ast.ImportFrom(module=str(module)) if module.split(".")[0] in CODE_MODULES:
            return "code-in-string"
        case ast.Attribute(value=ast.Name(id="sys"), attr="modules"):
            return "code-in-string"
        case ast.Attribute(attr=attr, value=value) if attr in DUNDERS and not _is_super(value):
            return "dunder-calls"
        case ast.Constant(value=str(text)) if text in DUNDERS:
            return "dunder-calls"
    return None


def _is_super(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"
