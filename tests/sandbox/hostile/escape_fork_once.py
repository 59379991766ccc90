# {"category": "escape", "name": "fork once", "expect": "notpass", "problem": "add"}
import os
if os.fork() == 0: os._exit(0)
def f(x): return x + 1
