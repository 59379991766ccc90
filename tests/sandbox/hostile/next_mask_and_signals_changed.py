# {"category": "next", "name": "mask and signals changed", "expect": "any", "problem": "add"}
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
os.umask(0o777)
def f(x): return x + 1
