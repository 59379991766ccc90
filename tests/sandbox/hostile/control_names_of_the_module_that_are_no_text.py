# {"category": "control", "name": "names of the module that are no text", "expect": "any", "problem": "add"}
globals().update({1: 1, None: 2, (): 3})
def f(x): return x + 1
