# {"category": "escape", "name": "posix spawn", "expect": "notpass", "problem": "add"}
import os
os.posix_spawn("/bin/true", ["true"], {})
def f(x): return x + 1
