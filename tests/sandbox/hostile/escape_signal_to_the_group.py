# {"category": "escape", "name": "signal to the group", "expect": "notpass", "problem": "add"}
import os
os.killpg(0, 0)
def f(x): return x + 1
