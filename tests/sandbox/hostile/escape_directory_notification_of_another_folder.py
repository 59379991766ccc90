# {"category": "escape", "name": "directory notification of another folder", "expect": "notpass", "problem": "add"}
import fcntl, os
fcntl.fcntl(os.open("..", os.O_RDONLY), 1026, 0x3F)
def f(x): return x + 1
