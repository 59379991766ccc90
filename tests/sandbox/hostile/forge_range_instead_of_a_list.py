# {"category": "forge", "name": "range instead of a list", "expect": "notpass", "problem": "list"}
def f(x): return range(1, 4)
