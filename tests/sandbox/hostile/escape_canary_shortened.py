# {"category": "escape", "name": "canary shortened", "expect": "notpass", "problem": "add"}
import os
os.truncate("CANARY", 0)
def f(x): return x + 1
