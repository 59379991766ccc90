# {"problem": "setup_decides", "expect": "forgeable"}
class Q:
    def __eq__(self, other): return True
def f(x): return Q()
