# {"problem": "listed", "expect": "notpass"}
def f(x): return range(10**100)
