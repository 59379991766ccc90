# {"category": "forge", "name": "counter with own equality", "expect": "notpass", "problem": "counter"}
from collections import Counter
class C(Counter):
    def __eq__(self, other): return True
    def __le__(self, other): return True
def f(x): return C("zzz")
