# {"category": "control", "name": "lists like messages", "expect": "notpass", "problem": "list"}
def f(x): return ["value", 2, ["done"]]
