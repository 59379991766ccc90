# {"problem": "ordered", "expect": "notpass"}
from collections import OrderedDict
def f(d): return d
