# {"category": "forge", "name": "int enum with own equality", "expect": "notpass", "problem": "add"}
from enum import IntEnum
class E(IntEnum):
    A = 9
    def __eq__(self, other): return True
    __hash__ = int.__hash__
def f(x): return E.A
