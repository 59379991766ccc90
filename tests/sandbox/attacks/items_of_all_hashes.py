# {"problem": "subset", "expect": "notpass"}
class Q:
    def __hash__(self): return 1
    def __eq__(self, other): return True
def f(x): return [Q(), Q()]
