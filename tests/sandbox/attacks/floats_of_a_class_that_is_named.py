# {"problem": "floats", "expect": "notpass"}
class Num(float):
    def __sub__(self, other): return self
    __rsub__ = __sub__
    def __abs__(self): return 0.0
class f:
    def __new__(cls, x): return [Num(0), Num(0)]
