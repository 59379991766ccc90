"""Special methods of the program's classes: what they are asked for as, and what they may decide."""

UNARY = {
    "__neg__": "neg", "__pos__": "pos", "__abs__": "abs", "__invert__": "invert", "__len__": "len", "__iter__": "iter",
    "__next__": "next", "__bool__": "bool", "__hash__": "hash", "__str__": "str", "__repr__": "repr",
    "__reversed__": "reversed", "__int__": "int", "__float__": "float", "__complex__": "complex", "__index__": "index",
}  # fmt: skip
BINARY = {
    f"__{name}__": operation for name, operation in (
        *((name, name) for name in ("eq", "ne", "lt", "le", "gt", "ge", "add", "sub", "mul", "truediv", "floordiv",
                                    "mod", "matmul", "lshift", "rshift", "xor", "contains", "getitem", "delitem",
                                    "pow", "divmod", "format")),
        ("and", "and_"), ("or", "or_"), ("setitem", "setitem"), ("round", "round"), ("call", "call"),
        *((f"i{name}", f"i{name}") for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "matmul", "lshift",
                                                "rshift", "pow", "and", "or", "xor")),
    )
}  # fmt: skip
REFLECTED = {
    f"__r{name}__": operation for name, operation in (
        *((name, name) for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "matmul", "lshift", "rshift",
                                    "xor", "pow", "divmod")),
        ("and", "and_"), ("or", "or_"),
    )
}  # fmt: skip
COMPARISONS = frozenset(("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"))
CONVERSIONS = frozenset(("__int__", "__float__", "__complex__", "__index__", "__round__", "__trunc__", "__abs__"))
ACCESS = frozenset(("__getitem__", "__setitem__", "__delitem__", "__call__", "__format__", "__contains__", "__round__"))
ARITHMETIC = frozenset((*BINARY, *REFLECTED)) - COMPARISONS - ACCESS
# What an object of a class that the tests do not name answers itself even where it has a built-in value.
ALWAYS_FORWARDED = frozenset(
    [
        "__str__",
        "__repr__",
        "__format__",
        "__call__",
        "__enter__",
        "__exit__",
        "__getitem__",
        "__setitem__",
        "__delitem__",
        "__missing__",
        "__iter__",
        "__len__",
        "__next__",
    ]
)
# Special names that no stand-in of a class forwards.
UNSENT = frozenset(
    [
        "__new__",
        "__init__",
        "__del__",
        "__getattribute__",
        "__getattr__",
        "__setattr__",
        "__delattr__",
        "__class__",
        "__doc__",
        "__module__",
        "__dict__",
        "__weakref__",
        "__slots__",
        "__init_subclass__",
        "__subclasshook__",
        "__set_name__",
        "__class_getitem__",
        "__get__",
        "__set__",
        "__delete__",
        "__reduce__",
        "__reduce_ex__",
        "__getstate__",
        "__setstate__",
        "__getnewargs__",
        "__getnewargs_ex__",
        "__sizeof__",
        "__annotations__",
        "__match_args__",
        "__qualname__",
        "__name__",
        "__orig_bases__",
        "__parameters__",
        "__abstractmethods__",
        "__instancecheck__",
        "__subclasscheck__",
        "__prepare__",
        "__mro_entries__",
        "__dir__",
        "__copy__",
        "__deepcopy__",
    ]
)
