# {"problem": "key", "expect": "notpass"}
class Q:
    def __hash__(self): return 2
    def __eq__(self, other): return True
def f(x): return Q()
