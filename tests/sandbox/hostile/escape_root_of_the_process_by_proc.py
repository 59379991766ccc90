# {"category": "escape", "name": "root of the process by proc", "expect": "notpass", "problem": "add"}
import os
os.listdir("/proc/self/root")
def f(x): return x + 1
