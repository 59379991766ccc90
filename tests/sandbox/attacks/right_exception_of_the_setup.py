# {"problem": "error", "expect": "pass"}
def f(x): raise MyError(x)
