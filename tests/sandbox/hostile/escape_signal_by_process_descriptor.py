# {"category": "escape", "name": "signal by process descriptor", "expect": "notpass", "problem": "add"}
import os, signal
signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 0)
def f(x): return x + 1
