# {"category": "next", "name": "timer left running", "expect": "any", "problem": "add"}
import signal
signal.setitimer(signal.ITIMER_PROF, 3)
def f(x): return x + 1
