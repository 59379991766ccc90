# {"category": "semantics", "name": "right by mutation", "expect": "pass", "problem": "mutate"}
def f(items): items.sort()
