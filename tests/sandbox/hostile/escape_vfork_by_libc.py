# {"category": "escape", "name": "vfork by libc", "expect": "notpass", "problem": "add"}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def must(result):
    if result < 0: raise OSError(ctypes.get_errno(), "refused")
    return result
pid = must(libc.fork())
if pid == 0: libc._exit(0)
def f(x): return x + 1
