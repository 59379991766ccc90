# {"category": "control", "name": "integer beyond the text limit", "expect": "notpass", "problem": "add"}
def f(x): return 10**5000
