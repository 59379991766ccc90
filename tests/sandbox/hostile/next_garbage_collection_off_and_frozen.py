# {"category": "next", "name": "garbage collection off and frozen", "expect": "any", "problem": "add"}
import gc
gc.disable()
gc.freeze()
def f(x): return x + 1
