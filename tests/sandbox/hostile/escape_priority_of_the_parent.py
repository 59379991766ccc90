# {"category": "escape", "name": "priority of the parent", "expect": "notpass", "problem": "add"}
import os
os.setpriority(os.PRIO_PROCESS, os.getppid(), 5)
def f(x): return x + 1
