# {"category": "semantics", "name": "right by a generator", "expect": "pass", "problem": "listed"}
def f(x): yield from range(x)
