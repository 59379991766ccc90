# {"category": "control", "name": "type of types as a result", "expect": "notpass", "problem": "type"}
def f(x): return type
