# {"category": "forge", "name": "one for true and true for one", "expect": "any", "problem": "truth_equal"}
def f(x): return 1
