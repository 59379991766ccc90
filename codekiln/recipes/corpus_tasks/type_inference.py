"""What kinds of value a parameter takes: guessed from its annotation, its default, its use and its name."""

import ast
import re

from codekiln.recipes.corpus_tasks.functions import Function, Parameter

POOLS: dict[str, tuple[str, ...]] = {
    "int": ("3", "0", "7", "1", "-2", "10", "2", "255", "100", "-1"),
    "float": ("0.5", "2.0", "-1.25", "3.75", "0.0", "10.0"),
    "bool": ("True", "False"),
    "str": ("'abc'", "'Hello World'", "''", "'a,b,c'", "'  two  words '", "'12'", "'key=value'", "'x.y.z'", "'A-b_c'",
            "'/usr/lib/file.txt'", "'line one\\nline two\\n'", "'<p>it\\'s \"q\" & r</p>'"),
    "bytes": ("b'abc'", "b''", "b'Hello World'", "b'\\x00\\xff\\x10'", "b'a=b\\n'", "b'12'"),
    "list": ("[3, 1, 2]", "[]", "[1, 2, 3, 4, 5]", "['b', 'a', 'c']", "[5]", "[2, 2, 1]", "['x y', '', 'z']",
             "[(1, 'a'), (2, 'b')]", "[[1, 2], [3, 4]]", "[0.5, 2.5, 1.0]"),
    "tuple": ("(1, 2)", "()", "(3, 1, 2)", "('a', 'b')", "('a', 1)"),
    "dict": ("{'a': 1, 'b': 2}", "{}", "{'x': 'y'}", "{1: 'one', 2: 'two'}", "{'k': [1, 2]}", "{'a': {'b': 1}}"),
    "set": ("{1, 2, 3}", "set()", "{'a', 'b'}", "{2}"),
    "function": ("str", "len", "lambda *items: items[0]", "lambda *items: len(items) > 1", "repr"),
    "None": ("None",),
}  # fmt: skip
_WORDS = {
    "str": (
        "s str string text line word name path filename file fname pattern pat sep prefix suffix char ch c "
        "msg message title label key url host source src code html doc docstring field attr mode encoding "
        "value_str body header tag root base ext spec fmt format whole head tail st token delimiter comment "
        "version module modname"
    ),
    "int": (
        "n i j k m count width index idx size num number length len lo hi start stop end step limit max_len "
        "depth level pos offset year month day hour minute second base radix digits bits shift order rank "
        "indent lineno port code maxlen total ndigits precision column row w h height"
    ),
    "float": "x y z t p q mu sigma alpha beta rate ratio prob probability seconds angle r theta",
    "list": (
        "items lst list seq sequence iterable values data args xs ys a b lines words numbers nums rows parts "
        "elements it population points names keys pairs vec vector stack heap queue fields argv options "
        "choices entries table"
    ),
    "dict": "d dic dict mapping kwargs opts env config attrs params counts kw headers table namespace",
    "bytes": "buf buffer raw data_bytes payload bytestring",
    "bool": "flag strict reverse verbose quiet force recursive ignore_case default_ok",
    "function": "func function fn f key callback predicate pred op method convert converter factory",
    "tuple": "pair point tup coords shape",
    "set": "seen visited",
}
_NAMED: dict[str, list[str]] = {}
for _kind, _names in _WORDS.items():
    for _name in _names.split():
        _NAMED.setdefault(_name, []).append(_kind)
_TYPES = {
    "str": str,
    "bytes": bytes,
    "list": list,
    "dict": dict,
    "set": set,
    "int": int,
    "float": float,
    "tuple": tuple,
}
_ANNOTATED = {
    "str": "str", "AnyStr": "str", "Text": "str", "int": "int", "float": "float", "complex": "float", "bool": "bool",
    "bytes": "bytes", "bytearray": "bytes", "list": "list", "List": "list", "Sequence": "list", "Iterable": "list",
    "Iterator": "list", "Collection": "list", "dict": "dict", "Dict": "dict", "Mapping": "dict",
    "MutableMapping": "dict",
    "set": "set", "Set": "set", "frozenset": "set", "tuple": "tuple", "Tuple": "tuple", "Callable": "function",
    "None": "None", "Number": "float", "Real": "float", "SupportsFloat": "float", "SupportsInt": "int",
    "Hashable": "str",
}  # fmt: skip
_UNKNOWN = ("str", "int", "list", "dict", "float", "bytes", "tuple")


def kinds_of(parameter: Parameter, function: Function) -> list[str]:
    """Return the kinds of value a parameter may take, the likeliest first."""
    if told := _of_annotation(parameter.annotation) or _of_default(parameter.default):
        return told
    used = _of_use(parameter.name, function)
    if parameter.kind == "*":
        return used or ["int", "str"]
    named = _of_name(parameter.name)
    if used:
        return list(dict.fromkeys([*(kind for kind in named if kind in used), *used]))
    return named or list(_UNKNOWN)


def _of_annotation(text: str) -> list[str]:
    outer = re.sub(r"\[.*\]", "", text) if not re.match(r"(typing\.)?(Optional|Union|Annotated)\b", text) else text
    words = re.findall(r"[A-Za-z_]\w*", outer)
    return list(dict.fromkeys(_ANNOTATED[word] for word in words if word in _ANNOTATED))


def _of_default(text: str) -> list[str]:
    if not text or text == "None" or not is_literal(text):
        return []
    kind = type(ast.literal_eval(text)).__name__
    return [kind] if kind in POOLS else []


def _of_name(name: str) -> list[str]:
    plain = name.strip("_").lower()
    if plain in _NAMED:
        return _NAMED[plain]
    last = plain.rpartition("_")[2]
    if last in _NAMED:
        return _NAMED[last]
    if plain.startswith(("is_", "has_", "use_", "allow_", "with_")):
        return ["bool"]
    return ["list"] if plain.endswith("s") and len(plain) > 3 else []


def _of_use(name: str, function: Function) -> list[str]:
    """Return the built-in types that have every attribute the body takes of a name, or what operators say."""
    attributes, hints = set(), {}
    for node in function.body:
        if isinstance(node, ast.Attribute) and _is_name(node.value, name):
            attributes.add(node.attr)
        elif isinstance(node, ast.Call):
            hints |= dict.fromkeys(_of_call(node, name))
        elif isinstance(node, ast.If | ast.IfExp) and _is_name(node.test, name):
            hints |= {"bool": None}
        elif isinstance(node, ast.BinOp | ast.Compare | ast.For | ast.comprehension | ast.Subscript):
            hints |= dict.fromkeys(_of_syntax(node, name))
    if attributes:
        return [kind for kind, type_ in _TYPES.items() if all(hasattr(type_, attr) for attr in attributes)]
    return list(hints)


def _of_call(node: ast.Call, name: str) -> list[str]:
    called = node.func.id if isinstance(node.func, ast.Name) else ""
    if called == name:
        return ["function"]
    if not node.args or not _is_name(node.args[0], name):
        return []
    if called == "isinstance" and len(node.args) == 2:
        return [_ANNOTATED[word] for word in re.findall(r"\w+", ast.unparse(node.args[1])) if word in _ANNOTATED]
    if called in ("len", "sorted", "sum", "min", "max", "enumerate", "iter", "list", "tuple", "set", "reversed"):
        return ["list", "str", "tuple"]
    return {"range": ["int"], "chr": ["int"], "abs": ["int", "float"], "ord": ["str"], "hex": ["int"]}.get(called, [])


def _of_syntax(node: ast.AST, name: str) -> list[str]:
    if isinstance(node, ast.For | ast.comprehension):
        return ["list", "str", "dict", "tuple"] if _is_name(node.iter, name) else []
    if isinstance(node, ast.Subscript):
        return ["list", "str", "tuple", "dict", "bytes"] if _is_name(node.value, name) else []
    if isinstance(node, ast.BinOp):
        sides = (node.left, node.right)
        if not any(_is_name(side, name) for side in sides):
            return []
        other = next((side for side in sides if isinstance(side, ast.Constant)), None)
        if other is not None and type(other.value).__name__ in POOLS and not isinstance(node.op, ast.Mod | ast.Mult):
            return [type(other.value).__name__]
        return (
            ["int"]
            if isinstance(node.op, ast.BitAnd | ast.BitOr | ast.BitXor | ast.LShift | ast.RShift)
            else ["int", "float"]
        )
    values = [node.left, *node.comparators]
    if not any(_is_name(value, name) for value in values):
        return []
    kinds = [type(value.value).__name__ for value in values if isinstance(value, ast.Constant)]
    return [kind for kind in kinds if kind in POOLS and kind != "NoneType"]


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def is_literal(text: str) -> bool:
    """Tell whether a text is a literal of plain values."""
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False
    return True
