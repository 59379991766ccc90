# {"category": "escape", "name": "affinity of the parent", "expect": "notpass", "problem": "add"}
import os
os.sched_setaffinity(os.getppid(), {0})
def f(x): return x + 1
