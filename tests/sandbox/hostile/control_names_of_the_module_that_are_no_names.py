# {"category": "control", "name": "names of the module that are no names", "expect": "any", "problem": "add"}
globals().update({"a b": 1, "\ud800": 2, "": 3, "class": 4, "\n[\"done\"]": 5})
def f(x): return x + 1
