# {"category": "escape", "name": "parent folder written", "expect": "notpass", "problem": "add"}
open("../left-here", "w")
def f(x): return x + 1
