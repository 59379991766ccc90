# {"category": "exit", "name": "by termination signal", "expect": "notpass", "problem": "add"}
import os, signal
os.kill(os.getpid(), signal.SIGTERM)
def f(x): return 5
