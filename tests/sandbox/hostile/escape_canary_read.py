# {"category": "escape", "name": "canary read", "expect": "notpass", "problem": "add"}
open("CANARY").read()
def f(x): return x + 1
