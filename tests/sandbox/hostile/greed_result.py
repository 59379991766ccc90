# {"category": "greed", "name": "result", "expect": "notpass", "problem": "add"}
def f(x): return "a" * 10**7
