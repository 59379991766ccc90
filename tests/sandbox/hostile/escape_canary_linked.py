# {"category": "escape", "name": "canary linked", "expect": "notpass", "problem": "add"}
import os
os.link("CANARY", "here")
def f(x): return x + 1
