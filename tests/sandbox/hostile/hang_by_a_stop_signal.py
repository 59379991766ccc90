# {"category": "hang", "name": "by a stop signal", "expect": "notpass", "problem": "add"}
import os, signal
def f(x): os.kill(os.getpid(), signal.SIGSTOP)
