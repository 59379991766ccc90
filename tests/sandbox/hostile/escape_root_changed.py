# {"category": "escape", "name": "root changed", "expect": "notpass", "problem": "add"}
import os
os.chroot(".")
def f(x): return x + 1
