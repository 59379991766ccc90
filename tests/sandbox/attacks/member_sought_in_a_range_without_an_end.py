# {"problem": "absent", "expect": "notpass"}
def f(x): return range(10**15)
