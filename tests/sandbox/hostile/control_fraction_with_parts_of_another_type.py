# {"category": "control", "name": "fraction with parts of another type", "expect": "notpass", "problem": "fraction"}
from fractions import Fraction
def f(x):
    value = Fraction(1, 2)
    value._numerator, value._denominator = [1], {"a": 1}
    return value
