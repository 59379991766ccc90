# {"problem": "zip", "expect": "notpass"}
class E(StopIteration, ValueError): pass
def f(x): raise E
