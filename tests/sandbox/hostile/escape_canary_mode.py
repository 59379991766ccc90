# {"category": "escape", "name": "canary mode", "expect": "notpass", "problem": "add"}
import os
os.chmod("CANARY", 0o666)
def f(x): return x + 1
