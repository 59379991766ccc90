# {"problem": "unit", "expect": "pass"}
def f(x): return [1, 2]
