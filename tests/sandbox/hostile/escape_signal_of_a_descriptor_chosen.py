# {"category": "escape", "name": "signal of a descriptor chosen", "expect": "notpass", "problem": "add"}
import fcntl, os
out, into = os.pipe()
fcntl.fcntl(out, 10, 9)
def f(x): return x + 1
