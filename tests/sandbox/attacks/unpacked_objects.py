# {"problem": "unpack", "expect": "notpass"}
class Q:
    def __eq__(self, other): return True
def f(x): return Q(), Q()
