# {"problem": "attributes", "expect": "notpass"}
class Q:
    @property
    def value(self): raise StopIteration
def f(x): return Q()
