# {"category": "forge", "name": "not a number in a list", "expect": "notpass", "problem": "list"}
nan = float("nan")
def f(x): return [nan, nan, nan]
