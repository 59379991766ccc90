# {"problem": "pair", "expect": "notpass"}
def f(p): return tuple.__new__(Pair, (2,))
