# {"category": "info", "name": "mounts of the machine", "expect": "notpass", "problem": "add"}
import os
open("/proc/1/mountinfo").read()
def f(x): return x + 1
