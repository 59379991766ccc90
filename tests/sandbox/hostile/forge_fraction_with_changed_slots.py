# {"category": "forge", "name": "fraction with changed slots", "expect": "notpass", "problem": "fraction"}
from fractions import Fraction
def f(x):
    value = Fraction(3, 7)
    Fraction.__eq__ = lambda self, other: True
    return value
