# {"category": "leak", "name": "lock of a shared file", "expect": "any", "problem": "add"}
import fcntl
fcntl.flock(0, fcntl.LOCK_EX | fcntl.LOCK_NB)
def f(x): return x + 1
