# {"category": "forge", "name": "text of lookalikes", "expect": "notpass", "problem": "text"}
def f(x): return "\u0430bc"
