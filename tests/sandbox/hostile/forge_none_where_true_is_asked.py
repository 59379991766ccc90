# {"category": "forge", "name": "none where true is asked", "expect": "notpass", "problem": "truthy"}
def f(x): return None
