# {"category": "forge", "name": "fraction with own parts", "expect": "notpass", "problem": "fraction"}
from fractions import Fraction
class Half(Fraction):
    numerator, denominator = 1, 2
    def __eq__(self, other): return True
    def __reduce__(self): return Fraction, (1, 2)
def f(x): return Half(9, 7)
