# {"category": "inproc", "name": "exception passes for a guarded call", "expect": "notpass", "problem": "guarded"}
class Odd(BaseException): pass
def f(x): raise Odd
