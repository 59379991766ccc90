# {"category": "escape", "name": "memory of the parent read", "expect": "notpass", "problem": "add"}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def must(result):
    if result < 0: raise OSError(ctypes.get_errno(), "refused")
    return result
import os, struct
buffer = ctypes.create_string_buffer(8)
vector = struct.pack("PN", ctypes.addressof(buffer), 8)
must(libc.syscall(310, os.getppid(), vector, 1, vector, 1, 0))
def f(x): return x + 1
