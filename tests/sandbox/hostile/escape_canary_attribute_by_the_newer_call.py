# {"category": "escape", "name": "canary attribute by the newer call", "expect": "notpass", "problem": "add"}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def must(result):
    if result < 0: raise OSError(ctypes.get_errno(), "refused")
    return result
import struct
value = ctypes.create_string_buffer(b"x")
must(libc.syscall(463, -100, b"CANARY", 0, b"user.test", struct.pack("=QII", ctypes.addressof(value), 1, 0), 16))
def f(x): return x + 1
