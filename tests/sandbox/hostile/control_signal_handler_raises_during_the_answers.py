# {"category": "control", "name": "signal handler raises during the answers", "expect": "notpass", "problem": "add"}
import signal
def handler(*args): raise KeyboardInterrupt
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
def f(x): return 5
