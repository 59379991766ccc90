# {"category": "escape", "name": "owner of a descriptor extended", "expect": "notpass", "problem": "add"}
import fcntl, os, struct
out, into = os.pipe()
fcntl.fcntl(out, 15, struct.pack("=ii", 1, os.getppid()))
def f(x): return x + 1
