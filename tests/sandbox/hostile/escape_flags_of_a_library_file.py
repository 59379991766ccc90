# {"category": "escape", "name": "flags of a library file", "expect": "notpass", "problem": "add"}
import fcntl, os, struct
handle = os.open(os.__file__, os.O_RDONLY)
fcntl.ioctl(handle, 0x40086602, fcntl.ioctl(handle, 0x80086601, bytes(8)))
def f(x): return x + 1
