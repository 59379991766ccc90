# {"category": "control", "name": "colliding values in nested sets", "expect": "notpass", "problem": "add"}
def f(x): return frozenset(frozenset({number * (2**61 - 1), 3}) for number in range(800))
