# {"category": "escape", "name": "lease on a file", "expect": "notpass", "problem": "add"}
import fcntl, os
open("x", "w").close()
handle = os.open("x", os.O_RDONLY)
fcntl.fcntl(handle, 8, -os.getpgrp())
fcntl.fcntl(handle, 1024, fcntl.F_RDLCK)
def f(x): return x + 1
