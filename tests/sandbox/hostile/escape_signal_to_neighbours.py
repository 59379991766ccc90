# {"category": "escape", "name": "signal to neighbours", "expect": "notpass", "problem": "add"}
import os
reached = 0
for pid in range(os.getpid() - 10, os.getpid()):
    try:
        os.kill(pid, 0)
        reached += 1
    except OSError: pass
if not reached: raise OSError
def f(x): return x + 1
