# {"category": "escape", "name": "canary renamed over", "expect": "notpass", "problem": "add"}
import os
open("mine", "w").write("x")
os.replace("mine", "CANARY")
def f(x): return x + 1
