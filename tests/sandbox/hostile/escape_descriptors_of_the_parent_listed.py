# {"category": "escape", "name": "descriptors of the parent listed", "expect": "notpass", "problem": "add"}
import os
os.listdir(f"/proc/{os.getppid()}/fd")
def f(x): return x + 1
