# {"category": "escape", "name": "filter of system calls replaced", "expect": "notpass", "problem": "add"}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def must(result):
    if result < 0: raise OSError(ctypes.get_errno(), "refused")
    return result
import struct
code = struct.pack("=HBBI", 6, 0, 0, 0x7FFF0000)
buffer = ctypes.create_string_buffer(code, 8)
must(libc.prctl(22, 2, ctypes.c_char_p(struct.pack("HxxxxxxP", 1, ctypes.addressof(buffer))), 0, 0))
import socket
socket.socket()
def f(x): return x + 1
