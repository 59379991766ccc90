# {"category": "control", "name": "index of a giant", "expect": "notpass", "problem": "add"}
class Odd:
    def __index__(self): return 1 << 40
    __int__ = __index__
def f(x): return Odd()
