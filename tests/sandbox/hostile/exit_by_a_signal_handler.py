# {"category": "exit", "name": "by a signal handler", "expect": "notpass", "problem": "add"}
import os, signal, time
signal.signal(signal.SIGALRM, lambda *args: os._exit(0))
signal.setitimer(signal.ITIMER_REAL, 0.05)
def f(x):
    time.sleep(1)
    return 5
