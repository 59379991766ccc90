# {"category": "inproc", "name": "expected data of the setup read", "expect": "notpass", "problem": "expected"}
def f(x): return globals().get("expected")
