# {"category": "leak", "name": "flags of standard input not seen", "expect": "pass", "problem": "add"}
import fcntl, os
if fcntl.fcntl(0, fcntl.F_GETFL) & (os.O_NONBLOCK | os.O_APPEND): raise OSError("left by another program")
def f(x): return x + 1
