# {"problem": "member", "expect": "notpass"}
class Q(int):
    def __hash__(self): return 2
    def __eq__(self, other): return True
def f(x): return Q(7)
