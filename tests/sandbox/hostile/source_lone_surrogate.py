# {"category": "source", "name": "lone surrogate", "expect": "notpass", "problem": "add"}
x = "í €"
def f(x): return x + 1
