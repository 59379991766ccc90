# {"category": "forge", "name": "enum with a lying value", "expect": "notpass", "problem": "add"}
from enum import Enum
class E(int, Enum):
    A = 9
    @property
    def value(self): return 2
    def __int__(self): return 2
    __index__ = __int__
def f(x): return E.A
