# {"category": "escape", "name": "canary owner", "expect": "notpass", "problem": "add"}
import os
os.chown("CANARY", os.getuid(), os.getgid())
def f(x): return x + 1
