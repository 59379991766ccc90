# {"category": "escape", "name": "swap and quota", "expect": "notpass", "problem": "add"}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def must(result):
    if result < 0: raise OSError(ctypes.get_errno(), "refused")
    return result
must(libc.swapoff(b"/nowhere"))
def f(x): return x + 1
