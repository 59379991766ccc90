# {"category": "escape", "name": "memory file of the parent", "expect": "notpass", "problem": "add"}
import os
open(f"/proc/{os.getppid()}/mem", "rb")
def f(x): return x + 1
