# {"category": "semantics", "name": "right by an iterator", "expect": "pass", "problem": "listed"}
def f(x): return iter(range(x))
