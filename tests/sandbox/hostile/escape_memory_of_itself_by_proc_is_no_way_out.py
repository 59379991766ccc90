# {"category": "escape", "name": "memory of itself by proc is no way out", "expect": "any", "problem": "add"}
import os
try: os.open("/proc/self/mem", os.O_RDWR)
except OSError: pass
def f(x): return x + 1
