# {"category": "escape", "name": "canary times", "expect": "notpass", "problem": "add"}
import os
os.utime("CANARY", (1, 1))
def f(x): return x + 1
