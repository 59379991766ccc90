# {"category": "control", "name": "infinite iterator in sum", "expect": "notpass", "problem": "sum"}
import itertools
def f(x): return itertools.repeat(0)
