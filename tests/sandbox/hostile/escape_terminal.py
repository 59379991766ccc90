# {"category": "escape", "name": "terminal", "expect": "notpass", "problem": "add"}
import os
os.openpty()
def f(x): return x + 1
