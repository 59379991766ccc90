# {"category": "server", "name": "own session", "expect": "any", "problem": "add"}
import os
try: os.setsid()
except OSError: pass
try: os.setpgid(0, 0)
except OSError: pass
def f(x): return x + 1
