# {"problem": "doctest", "expect": "notpass"}
class Q:
    def __repr__(self): return '...'
def f(x): return Q()
