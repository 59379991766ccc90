# {"category": "escape", "name": "namespace of its own", "expect": "notpass", "problem": "add"}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def must(result):
    if result < 0: raise OSError(ctypes.get_errno(), "refused")
    return result
must(libc.unshare(0x10000000))
def f(x): return x + 1
