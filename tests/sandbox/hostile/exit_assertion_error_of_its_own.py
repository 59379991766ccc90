# {"category": "exit", "name": "assertion error of its own", "expect": "notpass", "problem": "add"}
class AssertionError(BaseException): pass
def f(x): raise AssertionError
