# {"category": "escape", "name": "canary removed", "expect": "notpass", "problem": "add"}
import os
os.remove("CANARY")
def f(x): return x + 1
