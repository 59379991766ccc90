# {"category": "escape", "name": "scheduler of the parent", "expect": "notpass", "problem": "add"}
import os
os.sched_setscheduler(os.getppid(), os.SCHED_IDLE, os.sched_param(0))
def f(x): return x + 1
