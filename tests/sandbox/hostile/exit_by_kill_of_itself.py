# {"category": "exit", "name": "by kill of itself", "expect": "notpass", "problem": "add"}
import os, signal
def f(x): os.kill(os.getpid(), signal.SIGKILL)
