# {"category": "info", "name": "kernel log", "expect": "notpass", "problem": "add"}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def must(result):
    if result < 0: raise OSError(ctypes.get_errno(), "refused")
    return result
must(libc.klogctl(3, ctypes.create_string_buffer(100), 100))
def f(x): return x + 1
