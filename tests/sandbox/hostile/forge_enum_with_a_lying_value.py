# {"category": "forge", "name": "enum with a lying value", "expect": "notpass", "problem": "add"}
from enum import Enum
class E(int, Enum):
    A = 9
    @property
    def value(self): return 2
    _value_ = 2
def f(x): return E.A
