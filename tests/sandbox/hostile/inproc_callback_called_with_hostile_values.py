# {"category": "inproc", "name": "callback called with hostile values", "expect": "notpass", "problem": "callback"}
class Yes:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __contains__ = __lt__
    def __hash__(self): return 0
    def _self(self, *rest): return self
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __abs__ = __neg__ = __round__ = _self
    __call__ = __getitem__ = __pow__ = __mod__ = __truediv__ = _self
    def __bool__(self): return True
def f(check):
    for value in (Yes(), check, f, [check], {}, None, float("nan")):
        try:
            if check(value) is True: return 0
        except Exception: pass
    return Yes()
