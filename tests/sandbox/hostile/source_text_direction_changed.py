# {"category": "source", "name": "text direction changed", "expect": "pass", "problem": "add"}
def f(x): return x + 1  # ‮⁦
