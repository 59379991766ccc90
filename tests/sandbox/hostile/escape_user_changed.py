# {"category": "escape", "name": "user changed", "expect": "notpass", "problem": "add"}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def must(result):
    if result < 0: raise OSError(ctypes.get_errno(), "refused")
    return result
import os
os.setresuid(12345, 12345, 12345)
os.listdir(f"/proc/{os.getppid()}/fd")
def f(x): return x + 1
