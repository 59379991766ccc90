# {"category": "info", "name": "host processes seen", "expect": "notpass", "problem": "add"}
import os
names = [name for name in os.listdir("/proc") if name.isdigit()]
open(f"/proc/{min(names, key=int)}/cmdline").read()
def f(x): return x + 1
