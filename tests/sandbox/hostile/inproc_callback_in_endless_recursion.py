# {"category": "inproc", "name": "callback in endless recursion", "expect": "notpass", "problem": "apply"}
def f(check): return check(lambda value: f(check))
