# {"category": "control", "name": "integer close in floats", "expect": "notpass", "problem": "close"}
def f(x): return 10**400
