# {"category": "forge", "name": "text of invisible characters", "expect": "notpass", "problem": "text"}
def f(x): return "a\u200bb\u200bc"
