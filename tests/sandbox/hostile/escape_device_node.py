# {"category": "escape", "name": "device node", "expect": "notpass", "problem": "add"}
import os, stat
os.mknod("null", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
def f(x): return x + 1
