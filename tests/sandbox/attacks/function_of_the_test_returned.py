# {"problem": "identity", "expect": "pass"}
def f(g): return g
