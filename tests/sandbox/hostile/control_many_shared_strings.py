# {"category": "control", "name": "many shared strings", "expect": "notpass", "problem": "add"}
text = "x" * 30000
def f(x): return [text] * 30000
