# {"category": "server", "name": "folder without rights", "expect": "any", "problem": "add"}
import os
os.mkdir("closed", 0)
def f(x): return x + 1
