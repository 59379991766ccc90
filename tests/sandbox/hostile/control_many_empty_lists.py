# {"category": "control", "name": "many empty lists", "expect": "notpass", "problem": "add"}
def f(x): return [[] for _ in range(10**6)]
