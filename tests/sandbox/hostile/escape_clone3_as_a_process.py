# {"category": "escape", "name": "clone3 as a process", "expect": "notpass", "problem": "add"}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def must(result):
    if result < 0: raise OSError(ctypes.get_errno(), "refused")
    return result
import os, struct
pid = must(libc.syscall(435, struct.pack("=8Q", 0, 0, 0, 0, 17, 0, 0, 0), 64))
if pid == 0: os._exit(0)
def f(x): return x + 1
