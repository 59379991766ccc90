# {"category": "escape", "name": "notifications of system calls", "expect": "notpass", "problem": "add"}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def must(result):
    if result < 0: raise OSError(ctypes.get_errno(), "refused")
    return result
import struct
code = struct.pack("=HBBI", 6, 0, 0, 0x7FC00000)
buffer = ctypes.create_string_buffer(code, 8)
must(libc.syscall(317, 1, 8, ctypes.c_char_p(struct.pack("HxxxxxxP", 1, ctypes.addressof(buffer)))))
def f(x): return x + 1
