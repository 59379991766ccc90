# {"category": "semantics", "name": "right by a callback", "expect": "pass", "problem": "apply"}
def f(apply): return apply(lambda value: value * 2)
