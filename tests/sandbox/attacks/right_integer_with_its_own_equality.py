# {"problem": "mod", "expect": "pass"}
class f(int):
    def __new__(cls, x): return int.__new__(cls, x % 7)
    def __eq__(self, other): return int(self) == int(other) % 7
    __hash__ = int.__hash__
