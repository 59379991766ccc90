# {"category": "escape", "name": "canary attribute", "expect": "notpass", "problem": "add"}
import os
os.setxattr("CANARY", "user.test", b"x")
def f(x): return x + 1
