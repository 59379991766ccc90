# {"category": "forge", "name": "tuple instead of a list", "expect": "notpass", "problem": "list"}
def f(x): return (1, 2, 3)
