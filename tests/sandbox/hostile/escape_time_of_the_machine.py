# {"category": "escape", "name": "time of the machine", "expect": "notpass", "problem": "add"}
import time
time.clock_settime(time.CLOCK_REALTIME, time.clock_gettime(time.CLOCK_REALTIME))
def f(x): return x + 1
