# {"problem": "copy", "expect": "notpass"}
class Q:
    def __deepcopy__(self, memo): return Q()
    def __eq__(self, other): return True
def f(x): return Q()
