# {"category": "info", "name": "command line of the parent", "expect": "notpass", "problem": "add"}
import os
open(f"/proc/{os.getppid()}/cmdline").read()
def f(x): return x + 1
