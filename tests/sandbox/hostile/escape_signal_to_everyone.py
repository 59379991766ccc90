# {"category": "escape", "name": "signal to everyone", "expect": "notpass", "problem": "add"}
import os
os.kill(-1, 0)
def f(x): return x + 1
