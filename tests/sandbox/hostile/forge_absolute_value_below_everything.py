# {"category": "forge", "name": "absolute value below everything", "expect": "notpass", "problem": "close"}
class Low:
    def __sub__(self, other): return self
    __rsub__ = __abs__ = lambda self, *rest: self
    def __lt__(self, other): return True
    def __gt__(self, other): return True
def f(x): return Low()
