# {"category": "control", "name": "fraction of huge parts", "expect": "notpass", "problem": "fraction"}
from fractions import Fraction
def f(x): return Fraction(1 << 500_000, (1 << 500_000) - 1)
