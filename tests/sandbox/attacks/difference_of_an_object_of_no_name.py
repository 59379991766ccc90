# {"problem": "rest", "expect": "forgeable"}

class Q:
    def __new__(cls, *rest): return object.__new__(cls)
    def _same(self, *rest): return self
    __sub__ = __rsub__ = __xor__ = __and__ = __mod__ = __pow__ = _same
    def __mul__(self, other): return 0.0
    def __abs__(self): return 0.0
    def __len__(self): return 0
    def __float__(self): return 0.0
    def __round__(self, digits=None): return 0
    def __floor__(self): return 0
    __ceil__ = __trunc__ = __floor__
def f(x): return Q()
