# {"problem": "node", "expect": "pass"}
def f(x): return Node(x + 7000)
