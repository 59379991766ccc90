# {"category": "escape", "name": "owner of a descriptor", "expect": "notpass", "problem": "add"}
import fcntl, os
out, into = os.pipe()
fcntl.fcntl(out, 8, os.getppid())
def f(x): return x + 1
