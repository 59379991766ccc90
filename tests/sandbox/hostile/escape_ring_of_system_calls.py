# {"category": "escape", "name": "ring of system calls", "expect": "notpass", "problem": "add"}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def must(result):
    if result < 0: raise OSError(ctypes.get_errno(), "refused")
    return result
must(libc.syscall(425, 4, ctypes.create_string_buffer(256)))
def f(x): return x + 1
