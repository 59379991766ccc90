# {"category": "semantics", "name": "right by a cached function", "expect": "pass", "problem": "add"}
import functools
@functools.lru_cache
def f(x): return x + 1
