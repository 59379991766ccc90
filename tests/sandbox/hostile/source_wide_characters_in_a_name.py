# {"category": "source", "name": "wide characters in a name", "expect": "pass", "problem": "add"}
def ｆ(x): return x + 1
