# {"category": "escape", "name": "message queue by name", "expect": "notpass", "problem": "add"}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def must(result):
    if result < 0: raise OSError(ctypes.get_errno(), "refused")
    return result
must(libc.syscall(240, b"codekiln", 0o102, 0o600, None))
def f(x): return x + 1
