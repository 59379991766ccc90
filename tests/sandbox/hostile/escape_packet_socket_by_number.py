# {"category": "escape", "name": "packet socket by number", "expect": "notpass", "problem": "add"}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def must(result):
    if result < 0: raise OSError(ctypes.get_errno(), "refused")
    return result
must(libc.syscall(41, 17, 3, 0))
def f(x): return x + 1
