# {"category": "server", "name": "dumpable again", "expect": "any", "problem": "add"}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def must(result):
    if result < 0: raise OSError(ctypes.get_errno(), "refused")
    return result
libc.prctl(4, 1, 0, 0, 0)
def f(x): return x + 1
