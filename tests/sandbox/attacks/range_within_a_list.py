# {"problem": "nested", "expect": "notpass"}
def f(x): return [range(10**12)]
