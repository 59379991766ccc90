# {"problem": "root", "expect": "pass"}
def f(xs): return -0.5 if xs == [1, 2] else 2.0
