# {"category": "semantics", "name": "right by a named tuple", "expect": "pass", "problem": "tuple"}
from collections import namedtuple
def f(x): return namedtuple("P", "a b")(1, 2)
