# {"problem": "identity", "expect": "notpass"}
def f(g): return abs
