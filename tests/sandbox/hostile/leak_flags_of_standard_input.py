# {"category": "leak", "name": "flags of standard input", "expect": "any", "problem": "add"}
import fcntl, os
fcntl.fcntl(0, fcntl.F_SETFL, os.O_NONBLOCK | os.O_APPEND)
def f(x): return x + 1
