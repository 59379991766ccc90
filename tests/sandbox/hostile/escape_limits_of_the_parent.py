# {"category": "escape", "name": "limits of the parent", "expect": "notpass", "problem": "add"}
import os, resource
resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE)
def f(x): return x + 1
