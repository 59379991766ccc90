# {"category": "forge", "name": "numeric tower of its own", "expect": "notpass", "problem": "close"}
import numbers
class Near(numbers.Real):
    def _same(self, *rest): return 0.0
    __abs__ = __add__ = __ceil__ = __float__ = __floor__ = __floordiv__ = __mod__ = __mul__ = __neg__ = __pos__ = _same
    __pow__ = __radd__ = __rfloordiv__ = __rmod__ = __rmul__ = __round__ = __rpow__ = __rtruediv__ = __truediv__ = _same
    __trunc__ = __sub__ = __rsub__ = _same
    def __eq__(self, other): return True
    def __le__(self, other): return True
    __lt__ = __le__
def f(x): return Near()
