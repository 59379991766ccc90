# {"category": "forge", "name": "len and builtins replaced", "expect": "notpass", "problem": "length"}
import builtins
builtins.len = lambda value: 3
def f(x): return []
