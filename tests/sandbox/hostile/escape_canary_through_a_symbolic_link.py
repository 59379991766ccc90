# {"category": "escape", "name": "canary through a symbolic link", "expect": "notpass", "problem": "add"}
import os
os.symlink("CANARY", "here")
open("here", "a").write("x")
def f(x): return x + 1
