# {"category": "escape", "name": "trace of the parent", "expect": "notpass", "problem": "add"}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def must(result):
    if result < 0: raise OSError(ctypes.get_errno(), "refused")
    return result
import os
must(libc.ptrace(16, os.getppid(), 0, 0))
def f(x): return x + 1
