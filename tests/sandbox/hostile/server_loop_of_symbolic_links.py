# {"category": "server", "name": "loop of symbolic links", "expect": "any", "problem": "add"}
import os
os.symlink("a", "b")
os.symlink("b", "a")
os.symlink(".", "dot")
def f(x): return x + 1
