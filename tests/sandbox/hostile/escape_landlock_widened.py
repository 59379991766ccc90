# {"category": "escape", "name": "landlock widened", "expect": "notpass", "problem": "add"}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def must(result):
    if result < 0: raise OSError(ctypes.get_errno(), "refused")
    return result
import struct
handle = must(libc.syscall(444, struct.pack("=Q", 1), 8, 0))
must(libc.syscall(446, handle, 0))
open("/etc/passwd").read()
def f(x): return x + 1
