# {"category": "escape", "name": "canary written", "expect": "notpass", "problem": "add"}
open("CANARY", "a").write("x")
def f(x): return x + 1
