# {"category": "forge", "name": "answer of the first test given to all", "expect": "notpass", "problem": "add"}
def f(x): return 2
