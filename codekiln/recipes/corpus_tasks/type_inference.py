"""Type inference for parameters, from the annotation, the default, the use in the body and the name.

Inference is a heuristic that only has to find types worth trying: calls with a wrong type raise in the sandbox and are
dropped there.
"""

import ast
import re

from codekiln.data.python_text import literal_value
from codekiln.recipes.corpus_tasks.docstrings import parse_docstring
from codekiln.recipes.corpus_tasks.functions import Function, Parameter

SAMPLE_VALUES: dict[str, tuple[str, ...]] = {
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
"""Source of sample values for each type."""

_NAMES_BY_TYPE = {
    "str": (
        "s str string text line word name path filename file fname pattern pat sep prefix suffix char ch c "
        "msg message title label key url host source src code html doc docstring field attr mode encoding "
        "value_str body header tag root base ext spec fmt format whole head tail st token delimiter comment "
        "version module modname"
    ),
    "int": (
        "n i j k m count width index idx size num number length len lo hi start stop end step limit max_len "
        "depth level pos offset year month day hour minute second base radix digits bits shift order rank "
        "indent lineno port status code status_code maxlen total ndigits precision column row w h height"
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
"""Parameter names that are customary for each type; a name may stand for several types."""

_CUSTOMARY: dict[str, dict[str, tuple[str, ...]]] = {
    "str": {
        "url uri link": ("'https://example.com:8080/a/b?q=1&r=2#top'", "'http://user:pass@example.com/'", "'/a/b'"),
        "host hostname netloc domain": ("'example.com'", "'127.0.0.1'", "'localhost:8080'"),
        "ip address addr": ("'192.168.1.7'", "'10.0.0.1'", "'300.1.1.1'"),
        "header content_type mimetype": ("'text/html; charset=utf-8'", "'application/json'", "'a=1; b=\"x y\"'"),
        "cookie": ("'a=1; b=2'",),
        "version": ("'1.2.3'", "'2.0rc1'", "'1'"),
        "encoding charset": ("'utf-8'", "'ascii'", "'latin-1'"),
        "sep delimiter separator": ("','", "'-'", "' '"),
        "char ch c letter": ("'a'", "'Z'", "'7'", "' '"),
        "mode": ("'r'", "'w'", "'rb'"),
        "method": ("'GET'", "'post'"),
        "pattern pat regex": ("'a.*c'", "'[0-9]+'", "'*.py'"),
        "date day": ("'2024-02-29'", "'1999-12-31'"),
        "lang language": ("'en'", "'de'"),
        "path filename file fname filepath": ("'/usr/lib/file.txt'", "'dir/name.tar.gz'", "'name.py'", "'..'"),
        "fmt format spec": ("'%d'", "'{}'", "'html'"),
        "html xml": ("'<p>it is \"q\" & r</p>'", "'a < b'"),
    },
    "int": {
        "status status_code code": ("200", "404", "500", "302"),
        "year": ("2024", "1999", "1900", "2000"),
        "month": ("2", "12", "1", "13"),
        "day": ("29", "1", "31"),
        "hour": ("0", "23", "12"),
        "minute second": ("0", "59", "30"),
        "port": ("80", "443", "8080"),
        "base radix": ("2", "10", "16"),
        "width": ("8", "3", "0", "20"),
        "n num number": ("7", "12", "1", "30"),
    },
    "dict": {"headers": ("{'Content-Type': 'text/html'}", "{'accept': '*/*', 'X-A': '1'}")},
}
"""Values that parameters of a name take in practice, by type."""

_TYPES_BY_NAME: dict[str, list[str]] = {}
for _type, _names in _NAMES_BY_TYPE.items():
    for _name in _names.split():
        _TYPES_BY_NAME.setdefault(_name, []).append(_type)
_BUILTIN_TYPES: dict[str, type] = {
    "str": str,
    "bytes": bytes,
    "list": list,
    "dict": dict,
    "set": set,
    "int": int,
    "float": float,
    "tuple": tuple,
}
_TYPES_BY_ANNOTATION = {
    "str": "str", "AnyStr": "str", "Text": "str", "int": "int", "float": "float", "complex": "float", "bool": "bool",
    "bytes": "bytes", "bytearray": "bytes", "list": "list", "List": "list", "Sequence": "list", "Iterable": "list",
    "Iterator": "list", "Collection": "list", "dict": "dict", "Dict": "dict", "Mapping": "dict",
    "MutableMapping": "dict",
    "set": "set", "Set": "set", "frozenset": "set", "tuple": "tuple", "Tuple": "tuple", "Callable": "function",
    "None": "None", "Number": "float", "Real": "float", "SupportsFloat": "float", "SupportsInt": "int",
    "Hashable": "str",
}  # fmt: skip
_TYPES_BY_WORD = {
    "integer": "int", "integers": "list", "ints": "list", "string": "str", "strings": "list", "boolean": "bool",
    "dictionary": "dict", "number": "int", "numeric": "float", "callable": "function", "function": "function",
    "iterable": "list", "sequence": "list", "lists": "list", "array_like": "list", "scalar": "float", "char": "str",
    "character": "str", "text": "str", "mapping": "dict", "positive": "int", "nonnegative": "int",
}  # fmt: skip
"""Words for types in docstrings."""
_FALLBACK = ("str", "int", "list", "dict", "float", "tuple")


def infer_types(parameter: Parameter, function: Function, *, only_use: bool = False) -> list[str]:
    """Return the types a parameter may take, most likely first; each is a key of `SAMPLE_VALUES`.

    Args:
        parameter: The parameter.
        function: Its function.
        only_use: Return what its use in the body tells, which may be nothing.
    """
    if only_use:
        return _from_use(parameter.name, function)
    if declared := _declared(parameter, function):
        return declared
    used = _from_use(parameter.name, function)
    # The name of a variadic parameter describes the tuple, not the items that a call passes.
    if parameter.kind == "*":
        return used or ["int", "str"]
    named = _from_name(parameter.name)
    if len(named) > 1 and "function" not in used:
        named = [kind for kind in named if kind != "function"]  # a key or a method is called only by some
    if used:
        # Use is the stronger evidence; the name only decides the order.
        return list(dict.fromkeys([*(name for name in named if name in used), *used]))
    return named or list(_FALLBACK)


def is_certain(parameter: Parameter, function: Function) -> bool:
    """Tell whether the type of a parameter is declared, customary for its name, or the only one that its use allows."""
    if _reads_foreign_attributes(parameter.name, function):
        return False
    if parameter.kind == "**" or _declared(parameter, function):
        return True
    used, named = _from_use(parameter.name, function), _from_name(parameter.name)
    return len(used) == 1 or bool(named and (not used or set(named) & set(used)))


def _reads_foreign_attributes(name: str, function: Function) -> bool:
    """Tell whether the body reads an attribute that no built-in type has."""
    has_attributes = any(isinstance(node, ast.Attribute) and _is_name(node.value, name) for node in function.body_nodes)
    return has_attributes and not _from_use(name, function)


def customary_values(name: str, kind: str) -> list[str]:
    """Return the source of values of a type that parameters of this name take in practice."""
    plain = name.strip("_").lower()
    for names, values in _CUSTOMARY.get(kind, {}).items():
        if plain in names.split() or plain.rpartition("_")[2] in names.split():
            return list(values)
    return []


def _declared(parameter: Parameter, function: Function) -> list[str]:
    return (
        _from_annotation(parameter.annotation)
        or _from_default(parameter.default)
        or _from_docstring(parameter.name, function)
    )


def _from_docstring(name: str, function: Function) -> list[str]:
    """Return the types that the docstring gives a parameter."""
    said = parse_docstring(function.docstring).parameters.get(name)
    if said is None:
        return []
    words = re.findall(r"[A-Za-z_]\w*", said.type or (said.text if len(said.text.split()) <= 4 else ""))
    known = _TYPES_BY_ANNOTATION | _TYPES_BY_WORD
    # "list of int" is a list: what comes after "of" is inside it.
    outer = words[: words.index("of")] if "of" in words else words
    return list(dict.fromkeys(known[word] for word in outer if word in known and word != "None"))


def _from_annotation(text: str) -> list[str]:
    # The element types of a container say nothing about the parameter itself; those of Optional and Union do.
    outer = re.sub(r"\[.*\]", "", text) if not re.match(r"(typing\.)?(Optional|Union|Annotated)\b", text) else text
    words = re.findall(r"[A-Za-z_]\w*", outer)
    return list(dict.fromkeys(_TYPES_BY_ANNOTATION[word] for word in words if word in _TYPES_BY_ANNOTATION))


def _from_default(text: str) -> list[str]:
    if not text or text == "None" or not is_literal(text):
        return []
    name = type(literal_value(text)).__name__
    return [name] if name in SAMPLE_VALUES else []


def _from_name(name: str) -> list[str]:
    plain = name.strip("_").lower()
    if plain in _TYPES_BY_NAME:
        return _TYPES_BY_NAME[plain]
    # The head noun comes last: ``row_count`` is a count.
    last = plain.rpartition("_")[2]
    if last in _TYPES_BY_NAME:
        return _TYPES_BY_NAME[last]
    if plain.startswith(("is_", "has_", "use_", "allow_", "with_")):
        return ["bool"]
    return ["list"] if plain.endswith("s") and len(plain) > 3 else []


def _from_use(name: str, function: Function) -> list[str]:
    """Return the types that have every attribute the body reads of a name, or else those its operators suggest."""
    attributes: set[str] = set()
    hints: dict[str, None] = {}
    for node in function.body_nodes:
        if isinstance(node, ast.Attribute) and _is_name(node.value, name):
            attributes.add(node.attr)
        elif isinstance(node, ast.Call):
            hints |= dict.fromkeys(_from_call(node, name))
        elif isinstance(node, ast.If | ast.IfExp) and _is_name(node.test, name):
            hints |= {"bool": None}
        elif isinstance(node, ast.For | ast.comprehension):
            hints |= dict.fromkeys(["list", "str", "dict", "tuple"] if _is_name(node.iter, name) else [])
        elif isinstance(node, ast.Subscript):
            hints |= dict.fromkeys(["list", "str", "tuple", "dict", "bytes"] if _is_name(node.value, name) else [])
        elif isinstance(node, ast.BinOp):
            hints |= dict.fromkeys(_from_arithmetic(node, name))
        elif isinstance(node, ast.Compare):
            hints |= dict.fromkeys(_from_comparison(node, name))
    if attributes:
        found = [key for key, kind in _BUILTIN_TYPES.items() if all(hasattr(kind, item) for item in attributes)]
        # Where text would do, authors seldom mean bytes.
        return [key for key in found if key != "bytes" or "str" not in found]
    return list(hints)


def _from_call(node: ast.Call, name: str) -> list[str]:
    called = node.func.id if isinstance(node.func, ast.Name) else ""
    if called == name:
        return ["function"]
    if not node.args or not _is_name(node.args[0], name):
        return []
    if called == "isinstance" and len(node.args) == 2:
        words = re.findall(r"\w+", ast.unparse(node.args[1]))
        return [_TYPES_BY_ANNOTATION[word] for word in words if word in _TYPES_BY_ANNOTATION]
    if called in ("len", "sorted", "sum", "min", "max", "enumerate", "iter", "list", "tuple", "set", "reversed"):
        return ["list", "str", "tuple"]
    return {"range": ["int"], "chr": ["int"], "abs": ["int", "float"], "ord": ["str"], "hex": ["int"]}.get(called, [])


def _from_arithmetic(node: ast.BinOp, name: str) -> list[str]:
    operands = (node.left, node.right)
    if not any(_is_name(operand, name) for operand in operands):
        return []
    constant = next((operand.value for operand in operands if isinstance(operand, ast.Constant)), None)
    # `%` and `*` also take a string or a list beside a constant of another type.
    if type(constant).__name__ in SAMPLE_VALUES and not isinstance(node.op, ast.Mod | ast.Mult):
        return [type(constant).__name__]
    is_bitwise = isinstance(node.op, ast.BitAnd | ast.BitOr | ast.BitXor | ast.LShift | ast.RShift)
    return ["int"] if is_bitwise else ["int", "float"]


def _from_comparison(node: ast.Compare, name: str) -> list[str]:
    operands = [node.left, *node.comparators]
    if not any(_is_name(operand, name) for operand in operands):
        return []
    types = [type(operand.value).__name__ for operand in operands if isinstance(operand, ast.Constant)]
    return [key for key in types if key in SAMPLE_VALUES]


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def is_literal(text: str) -> bool:
    """Tell whether a text is a literal of plain values, such as ``[1, 'a']``."""
    try:
        literal_value(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False
    return True
