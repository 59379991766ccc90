# {"problem": "pair", "expect": "pass"}
def f(p): return Pair(p.y, p.x)
