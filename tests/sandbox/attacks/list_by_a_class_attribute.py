# {"problem": "instance", "expect": "notpass"}
class Q:
    __class__ = list
    def __eq__(self, other): return True
def f(x): return Q()
