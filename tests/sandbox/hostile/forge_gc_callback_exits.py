# {"category": "forge", "name": "gc callback exits", "expect": "notpass", "problem": "add"}
import gc, os
gc.callbacks.append(lambda phase, details: os._exit(0))
gc.set_threshold(1)
def f(x): return 5
