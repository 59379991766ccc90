# {"category": "escape", "name": "owner of a socket by ioctl", "expect": "notpass", "problem": "add"}
import fcntl, os, socket, struct
one, other = socket.socketpair()
fcntl.ioctl(one, 0x8901, struct.pack("i", os.getppid()))
def f(x): return x + 1
