# {"category": "semantics", "name": "right after deep recursion", "expect": "pass", "problem": "add"}
def depth(n): return n and 1 + depth(n - 1)
def f(x): return depth(900) - 900 + x + 1
