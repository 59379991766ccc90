# {"category": "forge", "name": "subtraction that is never far", "expect": "notpass", "problem": "close"}
class Near:
    def __sub__(self, other): return 0.0
    def __rsub__(self, other): return 0.0
    def __float__(self): return 2.5
def f(x): return Near()
