# {"category": "forge", "name": "os write and read replaced", "expect": "notpass", "problem": "add"}
import os
real = os.write
def write(handle, data):
    return real(handle, bytes(data).replace(b"5", b"2"))
os.write = os.writev = write
import posix
posix.write = write
def f(x): return 5
