# {"category": "escape", "name": "shell", "expect": "notpass", "problem": "add"}
import os
if os.system("true") != 0: raise OSError
def f(x): return x + 1
