# {"category": "escape", "name": "new mount interface", "expect": "notpass", "problem": "add"}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def must(result):
    if result < 0: raise OSError(ctypes.get_errno(), "refused")
    return result
must(libc.syscall(430, b"tmpfs", 0))
def f(x): return x + 1
