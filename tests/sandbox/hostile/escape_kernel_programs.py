# {"category": "escape", "name": "kernel programs", "expect": "notpass", "problem": "add"}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def must(result):
    if result < 0: raise OSError(ctypes.get_errno(), "refused")
    return result
must(libc.syscall(321, 0, ctypes.create_string_buffer(128), 128))
def f(x): return x + 1
