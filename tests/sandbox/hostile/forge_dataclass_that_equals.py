# {"category": "forge", "name": "dataclass that equals", "expect": "notpass", "problem": "add"}
from dataclasses import dataclass
@dataclass(eq=False)
class D:
    value: int = 0
    def __eq__(self, other): return True
    __hash__ = None
def f(x): return D()
