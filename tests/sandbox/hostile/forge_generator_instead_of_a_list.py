# {"category": "forge", "name": "generator instead of a list", "expect": "notpass", "problem": "list"}
def f(x): yield from (1, 2, 3)
