# {"category": "next", "name": "builtins changed", "expect": "any", "problem": "add"}
import builtins
for name in ("len", "range", "print", "isinstance", "type", "abs", "sorted"): setattr(builtins, name, None)
def f(x): return x + 1
