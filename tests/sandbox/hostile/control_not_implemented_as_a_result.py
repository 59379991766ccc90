# {"category": "control", "name": "not implemented as a result", "expect": "notpass", "problem": "add"}
def f(x): return NotImplemented
