# {"category": "escape", "name": "shared memory by key", "expect": "notpass", "problem": "add"}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def must(result):
    if result < 0: raise OSError(ctypes.get_errno(), "refused")
    return result
must(libc.shmget(0, 4096, 0o1600))
def f(x): return x + 1
