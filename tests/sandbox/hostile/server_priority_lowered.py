# {"category": "server", "name": "priority lowered", "expect": "any", "problem": "add"}
import os
try: os.nice(19)
except OSError: pass
def f(x): return x + 1
