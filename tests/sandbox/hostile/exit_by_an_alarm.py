# {"category": "exit", "name": "by an alarm", "expect": "notpass", "problem": "add"}
import signal, time
signal.setitimer(signal.ITIMER_REAL, 0.05)
time.sleep(1)
def f(x): return 5
