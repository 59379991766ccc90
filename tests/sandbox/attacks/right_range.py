# {"problem": "listed", "expect": "pass"}
def f(x): return range(x)
