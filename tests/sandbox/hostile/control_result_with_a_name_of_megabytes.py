# {"category": "control", "name": "result with a name of megabytes", "expect": "notpass", "problem": "add"}
def f(x): return type("x" * 10**6, (), {})()
