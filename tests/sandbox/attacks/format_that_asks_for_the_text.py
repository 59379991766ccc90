# {"problem": "format", "expect": "notpass"}
class Q:
    def __format__(self, spec): return Q()
def f(x): return Q()
