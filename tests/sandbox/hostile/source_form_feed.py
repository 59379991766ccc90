# {"category": "source", "name": "form feed", "expect": "pass", "problem": "add"}
def f(x): return x + 1
