# {"category": "next", "name": "nothing left behind", "expect": "pass", "problem": "add"}
import os
if os.listdir("."): raise OSError(os.listdir("."))
def f(x): return x + 1
