# {"category": "escape", "name": "signal to the parent", "expect": "notpass", "problem": "add"}
import os
os.kill(os.getppid(), 0)
def f(x): return x + 1
