# {"category": "forge", "name": "minus infinity is not near", "expect": "notpass", "problem": "close"}
def f(x): return float("-inf")
