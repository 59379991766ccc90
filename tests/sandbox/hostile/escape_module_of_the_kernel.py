# {"category": "escape", "name": "module of the kernel", "expect": "notpass", "problem": "add"}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def must(result):
    if result < 0: raise OSError(ctypes.get_errno(), "refused")
    return result
must(libc.syscall(313, 0, b"", 0))
def f(x): return x + 1
