# {"category": "control", "name": "signals during the answers", "expect": "any", "problem": "add"}
import signal
signal.signal(signal.SIGALRM, lambda *args: None)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
def f(x): return x + 1
