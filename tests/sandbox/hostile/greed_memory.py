# {"category": "greed", "name": "memory", "expect": "notpass", "problem": "add"}
def f(x): return len([0] * 10**9)
