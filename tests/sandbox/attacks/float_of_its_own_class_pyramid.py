# {"problem": "pyramid", "expect": "notpass"}
class Num(float):
    def __sub__(self, other): return self
    __rsub__ = __sub__
    def __abs__(self): return 0.0
class f(Num):
    def __new__(cls, *rest): return float.__new__(cls, 0)
