# {"category": "forge", "name": "ordered dict in a wrong order", "expect": "notpass", "problem": "ordered"}
from collections import OrderedDict
class O(OrderedDict):
    def __eq__(self, other): return True
    def __iter__(self): return iter(["a", "b"])
def f(x): return O([("b", 2), ("a", 1)])
