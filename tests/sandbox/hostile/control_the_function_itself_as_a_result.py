# {"category": "control", "name": "the function itself as a result", "expect": "notpass", "problem": "add"}
def f(x): return f
