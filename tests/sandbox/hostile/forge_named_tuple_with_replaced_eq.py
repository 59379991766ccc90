# {"category": "forge", "name": "named tuple with replaced eq", "expect": "notpass", "problem": "tuple"}
from collections import namedtuple
P = namedtuple("P", "a b")
P.__eq__ = lambda self, other: True
P.__iter__ = lambda self: iter((1, 2))
def f(x): return P(8, 9)
