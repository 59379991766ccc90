# {"category": "escape", "name": "terminal input forged", "expect": "notpass", "problem": "add"}
import fcntl
fcntl.ioctl(0, 0x5412, b"x")
def f(x): return x + 1
