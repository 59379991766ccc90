# {"category": "forge", "name": "not a number", "expect": "notpass", "problem": "close"}
def f(x): return float("nan")
