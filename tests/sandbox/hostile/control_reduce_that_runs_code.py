# {"category": "control", "name": "reduce that runs code", "expect": "notpass", "problem": "add"}
class Odd:
    def __reduce__(self): return print, ("passed",)
    __reduce_ex__ = lambda self, version: self.__reduce__()
    def __getstate__(self): return 5
def f(x): return Odd()
