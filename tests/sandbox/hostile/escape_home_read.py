# {"category": "escape", "name": "home read", "expect": "notpass", "problem": "add"}
import os
os.listdir("/root")
os.listdir("/home")
def f(x): return x + 1
