# {"problem": "joined", "expect": "notpass"}
class Q(str):
    def __eq__(self, other): return True
    __hash__ = str.__hash__
def f(x): return [Q('x'), Q('y')]
