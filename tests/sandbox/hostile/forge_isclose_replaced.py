# {"category": "forge", "name": "isclose replaced", "expect": "notpass", "problem": "isclose"}
import math, cmath
math.isclose = cmath.isclose = lambda *args, **words: True
math.fabs = lambda value: 0.0
def f(x): return 100.0
