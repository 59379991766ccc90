# {"category": "escape", "name": "thirty-two bit calls", "expect": "notpass", "problem": "add"}
import ctypes, mmap
code = mmap.mmap(-1, 4096, prot=7)
code.write(b"\xb8\x02\x00\x00\x00\xcd\x80\xc3")
call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
if call() < 0: raise OSError
def f(x): return x + 1
