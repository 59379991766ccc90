# {"category": "escape", "name": "file without a name", "expect": "notpass", "problem": "add"}
import os
os.memfd_create("x")
def f(x): return x + 1
