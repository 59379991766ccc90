# {"problem": "doctest", "expect": "notpass"}
class Q:
    def __repr__(self): return "\x1b[2J\x00\x9b"
def f(x): return Q()
