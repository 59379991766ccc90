# {"problem": "elements", "expect": "notpass"}
class Q:
    def __eq__(self, other): return True
    def __hash__(self): return hash(1)
def f(x): return [Q()]
