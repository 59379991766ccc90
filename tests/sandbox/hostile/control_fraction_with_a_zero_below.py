# {"category": "control", "name": "fraction with a zero below", "expect": "notpass", "problem": "fraction"}
from fractions import Fraction
def f(x):
    value = Fraction(1, 2)
    value._denominator = 0
    return value
