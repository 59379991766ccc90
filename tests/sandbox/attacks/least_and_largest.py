# {"problem": "least", "expect": "notpass"}
class Q:
    def __lt__(self, other): return False
    __gt__ = __lt__
    def __eq__(self, other): return True
def f(x): return Q()
