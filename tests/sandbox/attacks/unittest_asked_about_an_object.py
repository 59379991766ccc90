# {"problem": "unit", "expect": "notpass"}
class Q(list):
    def __eq__(self, other): return True
    def __iter__(self): return iter([])
def f(x): return Q()
