# {"category": "info", "name": "environment of the parent", "expect": "notpass", "problem": "add"}
import os
open(f"/proc/{os.getppid()}/environ").read()
def f(x): return x + 1
