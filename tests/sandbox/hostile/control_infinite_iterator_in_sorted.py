# {"category": "control", "name": "infinite iterator in sorted", "expect": "notpass", "problem": "sorted"}
import itertools
def f(x): return itertools.count()
